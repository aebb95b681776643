# Build and run image of the one binary.
FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --release --locked -p hypernode

FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/*
COPY --from=build /src/target/release/hypernode /usr/local/bin/hypernode
RUN useradd --system hypernode && install -d -o hypernode /data
USER hypernode
ENTRYPOINT ["hypernode"]
CMD ["up"]
