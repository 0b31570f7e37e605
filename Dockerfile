# syntax=docker/dockerfile:1
# The service's image: one image, several commands (API, Worker, migrations, codec endpoint). glibc, because the native
# part of the Temporal SDK has no build for musl. Node runs the TypeScript sources as they are: there is no compile step.

FROM node:24.21.0-bookworm-slim AS base
ENV NODE_ENV=production
# The native part of the Temporal SDK trusts the system's certificates (Temporal Cloud, mutual TLS).
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /app

FROM base AS dependencies
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --no-audit --no-fund

FROM base AS app
COPY --from=dependencies /app/node_modules ./node_modules
COPY package.json ./
COPY config ./config
COPY domain ./domain
COPY db ./db
COPY templates ./templates
COPY mail ./mail
COPY web ./web
COPY activities ./activities
COPY workflows ./workflows
COPY worker ./worker
COPY ops ./ops
COPY api ./api
COPY check-books ./check-books
COPY cli ./cli
COPY codec ./codec
COPY deploy/*.ts ./deploy/

# Workflow code is bundled here, once: a Worker then starts sooner, and all of them run the same bytes.
FROM app AS bundle
RUN node deploy/bundle-workflows.ts /app/workflow-bundle.js

# Stripe's stand-in, for a try without a Stripe account: docker compose --profile stand-in
FROM app AS stripe-stand-in
COPY dev/stripe-stand-in ./dev/stripe-stand-in
RUN mkdir /data && chown node:node /data
USER node
VOLUME /data
ENV STRIPE_STAND_IN_HOST=0.0.0.0 STRIPE_STAND_IN_PORT=12111 STRIPE_STAND_IN_DATA=/data/stripe.db
EXPOSE 12111
CMD ["node", "dev/stripe-stand-in/main.ts"]

# Last, so that a build without a target makes this one.
FROM app AS service
COPY --from=bundle /app/workflow-bundle*.js ./
ENV WORKFLOW_BUNDLE_PATH=/app/workflow-bundle.js
USER node
EXPOSE 3000 9464 8089
CMD ["node", "api/main.ts"]
