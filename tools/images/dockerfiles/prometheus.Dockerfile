# Prometheus, for those who build with Docker; run from the repository's root:
#   docker build --file tools/images/dockerfiles/prometheus.Dockerfile --build-arg PROMETHEUS_IMAGE=... .
# PROMETHEUS_IMAGE has no default: images are named in config/versions.json only ("prometheus").
ARG PROMETHEUS_IMAGE
FROM ${PROMETHEUS_IMAGE}
USER 10001:10001
EXPOSE 9090
ENTRYPOINT ["/bin/prometheus"]
