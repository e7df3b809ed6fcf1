# The edge (nginx), for those who build with Docker; run from the repository's root:
#   docker build --file tools/images/dockerfiles/edge.Dockerfile --build-arg EDGE_IMAGE=... .
# EDGE_IMAGE has no default: images are named in config/versions.json only ("edge").
ARG EDGE_IMAGE
FROM ${EDGE_IMAGE}
USER 10001:10001
EXPOSE 8080 8443
STOPSIGNAL SIGQUIT
ENTRYPOINT ["/usr/sbin/nginx"]
