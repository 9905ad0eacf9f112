# syntax=docker/dockerfile:1

# Build: sources to JavaScript, and the WASM kernels.
FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npm ci --no-audit --no-fund
RUN npm run build
# The image's own Node runs the program, so the copy that serves development goes with the tools.
RUN npm prune --omit=dev --ignore-scripts --no-audit --no-fund && rm -rf node_modules/node-linux-*

# Run: no sources, no compiler, no root.
FROM node:24-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY examples ./examples
USER node
# Mount the configuration here as worker.yaml, with its keys, tables and state beside it.
RUN mkdir -p /home/node/sotto
VOLUME /home/node/sotto
# 7410: peers; 7420: operators (on loopback unless the configuration says otherwise).
EXPOSE 7410 7420
# Asks as an operator of the configuration, so the keys of one with the role viewer must lie beside it.
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s CMD ["node", "/app/dist/cli/bin.mjs", "health", "--config", "/home/node/sotto/worker.yaml"]
ENTRYPOINT ["node", "/app/dist/cli/bin.mjs"]
CMD ["worker", "--config", "/home/node/sotto/worker.yaml"]
