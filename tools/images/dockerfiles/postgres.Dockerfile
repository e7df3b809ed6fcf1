# PostgreSQL 15, for those who build with Docker; run from the repository's root:
#   docker build --file tools/images/dockerfiles/postgres.Dockerfile --build-arg POSTGRES_IMAGE=... .
# POSTGRES_IMAGE has no default: images are named in config/versions.json only ("postgres").
ARG POSTGRES_IMAGE
FROM ${POSTGRES_IMAGE}
# The name must stay "postgres": the entry point proves itself by it to the local socket.
RUN groupmod --gid 10001 postgres && usermod --uid 10001 --gid 10001 postgres \
 && chown -R postgres:postgres /var/lib/postgresql /var/run/postgresql
COPY --chmod=0755 tools/images/recipes/postgres-entrypoint.sh /usr/local/bin/postgres-entrypoint
ENV PGDATA=/var/lib/postgresql/data/cluster LANG=C.UTF-8
USER 10001:10001
EXPOSE 5432
STOPSIGNAL SIGINT
ENTRYPOINT ["/usr/local/bin/postgres-entrypoint"]
