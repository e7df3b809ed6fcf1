# Redis, for those who build with Docker; run from the repository's root:
#   docker build --file tools/images/dockerfiles/redis.Dockerfile --build-arg REDIS_IMAGE=... .
# REDIS_IMAGE has no default: images are named in config/versions.json only ("redis").
ARG REDIS_IMAGE
FROM ${REDIS_IMAGE}
USER 10001:10001
EXPOSE 6379
ENTRYPOINT ["/usr/local/bin/redis-server"]
