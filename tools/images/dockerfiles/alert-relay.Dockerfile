# Relays alerts, for those who build with Docker; run from the repository's root:
#   docker build --file tools/images/dockerfiles/alert-relay.Dockerfile --build-arg NODE_IMAGE=... .
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
COPY tools/alert-relay /app/tools/alert-relay
COPY tools/base /app/tools/base
EXPOSE 8443 9466
USER 10001:10001
ENTRYPOINT ["/usr/local/bin/node", "--enable-source-maps", "/app/tools/alert-relay/main.ts"]
