# Redis's exporter, for those who build with Docker; run from the repository's root:
#   docker build --file tools/images/dockerfiles/redis-exporter.Dockerfile --build-arg REDIS_EXPORTER_IMAGE=... .
# REDIS_EXPORTER_IMAGE has no default: images are named in config/versions.json only ("redis-exporter").
ARG REDIS_EXPORTER_IMAGE
FROM ${REDIS_EXPORTER_IMAGE}
USER 10001:10001
EXPOSE 9121
ENTRYPOINT ["/redis_exporter"]
