# PostgreSQL's exporter, for those who build with Docker; run from the repository's root:
#   docker build --file tools/images/dockerfiles/postgres-exporter.Dockerfile --build-arg POSTGRES_EXPORTER_IMAGE=... .
# POSTGRES_EXPORTER_IMAGE has no default: images are named in config/versions.json only ("postgres-exporter").
ARG POSTGRES_EXPORTER_IMAGE
FROM ${POSTGRES_EXPORTER_IMAGE}
USER 10001:10001
EXPOSE 9187
ENTRYPOINT ["/bin/postgres_exporter"]
