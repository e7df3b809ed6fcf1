# Connection tests from inside a pod, for those who build with Docker; run from the repository's root:
#   docker build --file tools/images/dockerfiles/tester.Dockerfile --build-arg DEBIAN_IMAGE=... .
# DEBIAN_IMAGE has no default: images are named in config/versions.json only ("debian").
ARG DEBIAN_IMAGE
FROM ${DEBIAN_IMAGE} AS packages
RUN apt-get update && apt-get install --yes --no-install-recommends busybox-static

FROM scratch
COPY --from=packages /bin/busybox /usr/bin/busybox
RUN ["/usr/bin/busybox", "--install", "-s", "/usr/bin"]
USER 10001:10001
ENTRYPOINT ["/usr/bin/busybox", "sleep", "infinity"]
