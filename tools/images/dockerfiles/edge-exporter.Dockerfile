# nginx's exporter, for those who build with Docker; run from the repository's root:
#   docker build --file tools/images/dockerfiles/edge-exporter.Dockerfile --build-arg EDGE_EXPORTER_IMAGE=... .
# EDGE_EXPORTER_IMAGE has no default: images are named in config/versions.json only ("edge-exporter").
ARG EDGE_EXPORTER_IMAGE
FROM ${EDGE_EXPORTER_IMAGE}
USER 10001:10001
ENTRYPOINT ["/usr/bin/nginx-prometheus-exporter"]
