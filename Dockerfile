FROM python:3.13-slim AS build
WORKDIR /source
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY simblock simblock
COPY indexer indexer
COPY grammars grammars
RUN python -m venv /opt/simblock && /opt/simblock/bin/pip install --no-cache-dir '.[crypt]'

FROM python:3.13-slim
COPY --from=build /opt/simblock /opt/simblock
# Volumes are laid over these two, and take their owner from them.
RUN useradd --create-home --uid 10001 simblock && install -d -o simblock -g simblock /cache /replica
USER simblock
WORKDIR /data
ENV PATH=/opt/simblock/bin:$PATH PYTHONUNBUFFERED=1
ENTRYPOINT ["simblock"]
CMD ["--help"]
