# One image for every process of FirstDose: `migrate`, `worker` and `serve` are commands of it.

FROM python:3.11-slim AS build
WORKDIR /src
RUN python -m venv /app
COPY requirements/ requirements/
# Wheels alone: the image needs no compiler, and what is not in the lock with its hash is not installed.
RUN /app/bin/pip install --no-cache-dir --require-hashes --only-binary=:all: -r requirements/runtime.txt
# What builds our own wheel comes from the lock, too, and stays in this stage.
RUN sed -n '/^setuptools==/,/[^\\]$/p' requirements/dev.txt > build.txt \
    && python -m pip install --no-cache-dir --require-hashes --only-binary=:all: -r build.txt
COPY . .
RUN python -m pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /wheels . \
    && /app/bin/pip install --no-cache-dir --no-deps --no-index /wheels/*.whl

FROM python:3.11-slim
RUN useradd --system --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin firstdose
COPY --from=build /app /app
ENV PATH=/app/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
WORKDIR /tmp
ENTRYPOINT ["firstdose"]
CMD ["--help"]
