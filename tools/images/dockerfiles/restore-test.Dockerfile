# Tests restores of the ledger's backups, for those who build with Docker; run from the repository's root:
#   docker build --file tools/images/dockerfiles/restore-test.Dockerfile --build-arg NODE_IMAGE=... .
# NODE_IMAGE has no default: images are named in config/versions.json only ("node").
ARG NODE_IMAGE
FROM ${NODE_IMAGE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY gateway-image/package.json gateway-image/
COPY policies/package.json policies/
RUN npm ci --ignore-scripts --omit=dev

FROM ${NODE_IMAGE}
ENV NODE_ENV=production
COPY --from=dependencies /app/node_modules /app/node_modules
COPY package.json /app/
COPY tools/restore-test /app/tools/restore-test
COPY tools/aws /app/tools/aws
COPY tools/base /app/tools/base
COPY tools/weights /app/tools/weights
COPY gateway-image/src/base /app/gateway-image/src/base
EXPOSE 9467
USER 10001:10001
ENTRYPOINT ["/usr/local/bin/node", "--enable-source-maps", "/app/tools/restore-test/main.ts"]
