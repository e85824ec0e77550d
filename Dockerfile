# A node of Syncline. It needs authentication in its environment (AUTH_JWT_SECRET or AUTH_JWKS_URL), and
# REDIS_URL where there are several: docs/deployment.md.
ARG NODE=22-bookworm-slim

FROM node:${NODE} AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json tsconfig.build.client.json tsconfig.build.cli.json tsconfig.build.convex.json vite.config.ts ./
COPY scripts scripts
COPY shared shared
COPY server server
COPY client client
COPY convex convex
RUN npm run build

FROM node:${NODE}
ENV NODE_ENV=production HOST=0.0.0.0 PORT=5000
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev && npm cache clean --force
COPY --from=build /app/dist dist
USER node
EXPOSE 5000
# Whether the process is well. Whether it should get traffic is /readyz: a node that waits for Redis
# heals by itself, and must not be restarted for it.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/healthz`).then(({ ok }) => process.exit(ok ? 0 : 1))"]
CMD ["node", "dist/server/index.js"]
