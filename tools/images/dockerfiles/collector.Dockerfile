# The OpenTelemetry Collector, for those who build with Docker; run from the repository's root:
#   docker build --file tools/images/dockerfiles/collector.Dockerfile --build-arg COLLECTOR_IMAGE=... .
# COLLECTOR_IMAGE has no default: images are named in config/versions.json only ("collector").
ARG COLLECTOR_IMAGE
FROM ${COLLECTOR_IMAGE}
USER 10001:10001
EXPOSE 4318
ENTRYPOINT ["/otelcol-contrib"]
