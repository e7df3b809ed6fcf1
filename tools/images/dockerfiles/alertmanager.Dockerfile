# Alertmanager, for those who build with Docker; run from the repository's root:
#   docker build --file tools/images/dockerfiles/alertmanager.Dockerfile --build-arg ALERTMANAGER_IMAGE=... .
# ALERTMANAGER_IMAGE has no default: images are named in config/versions.json only ("alertmanager").
ARG ALERTMANAGER_IMAGE
FROM ${ALERTMANAGER_IMAGE}
USER 10001:10001
EXPOSE 9093
ENTRYPOINT ["/bin/alertmanager"]
