# facerec serve on the light runtime: no torch, no compiler, no pip in the image; not root; nothing written but galleries.
#
#     facerec export dlib-resnet --runtime runtime      # once, where all of facerec is installed
#     docker build -t facerec .
#     docker compose up                                 # with Postgres: compose.yaml
#
# What is installed is locked by hash (deploy/service-requirements.txt); deploy/light_install.sh runs without Docker, too,
# and a test runs it. Pin the base image by its digest where you build for others.
FROM python:3.11-slim AS build
WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY deploy deploy
COPY data/calibration data/calibration
COPY facerec facerec
COPY audits audits
RUN sh deploy/light_install.sh /opt/facerec service

FROM python:3.11-slim
RUN useradd --system --uid 10001 --home-dir /nonexistent --no-create-home --shell /usr/sbin/nologin facerec
COPY --from=build /opt/facerec /opt/facerec
# The graphs, each checked against its SHA-256 when it is loaded.
COPY --chmod=a=rX runtime /runtime
# A thread per photo is fastest; those of numpy's products would only wait for each other.
ENV PATH=/opt/facerec/bin:$PATH FACEREC_RUNTIME=/runtime OPENBLAS_NUM_THREADS=1 PYTHONDONTWRITEBYTECODE=1
RUN install -d -m 700 -o 10001 -g 10001 /galleries /files
VOLUME ["/galleries", "/files"]
USER 10001:10001
WORKDIR /tmp
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
ENTRYPOINT ["facerec"]
CMD ["serve", "--host", "0.0.0.0", "--behind-proxy", "--name", "localhost", "--runtime", "/runtime", "--galleries", "/galleries"]
