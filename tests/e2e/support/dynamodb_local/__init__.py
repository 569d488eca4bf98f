"""Amazon's own DynamoDB Local on a free loopback port.

What it is not to be trusted in (2.6.0): expiry (it deletes within seconds, AWS within days), the
units of transactions, throttling.
"""
import os
import shutil
import subprocess
import tempfile
import uuid
from pathlib import Path

import boto3
from botocore.config import Config

from support.alone import alone
from support.function import ROOT
from support.processes import LOOPBACK, free_port, listening, stop, wait_until

HERE = Path(__file__).resolve().parent
LIBRARIES = ROOT / "build" / "dynamodb-local"
REGION = "eu-west-1"
FETCH_SECONDS = 300  # some 50 MB
START_SECONDS = 60  # it compiles Loopback.java and starts a JVM, on a busy machine
# Any will do: it checks no signature. Letters and digits only, or it refuses them.
CREDENTIALS = {"AccessKeyId": "AKIDEXAMPLE", "SecretAccessKey": "secretexample",
               "SessionToken": "tokenexample"}


def libraries():
    """The folder of its jars, fetched once into build/. OSError (no Maven) or SubprocessError when
    that cannot be done."""
    with alone("dynamodb-local"):
        if not LIBRARIES.is_dir():
            fetch()
    return LIBRARIES


def fetch():
    with tempfile.TemporaryDirectory(dir=LIBRARIES.parent) as folder:
        shutil.copy(HERE / "pom.xml", folder)  # Maven writes beside it
        subprocess.run(["mvn", "-q", "-B", "-f", Path(folder) / "pom.xml",
                        "dependency:copy-dependencies", "-DincludeScope=runtime",
                        f"-DoutputDirectory={folder}/lib"],
                       check=True, capture_output=True, timeout=FETCH_SECONDS)
        os.rename(Path(folder) / "lib", LIBRARIES)


def make_table(client):
    """A table as the program wants it, made through a client of boto3; its name."""
    name = "state-" + uuid.uuid4().hex[:12]
    client.create_table(
        TableName=name, BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"},
                   {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"},
                              {"AttributeName": "sk", "AttributeType": "S"}])
    return name


class DynamoDbLocal:
    def __init__(self, log_path):
        lib = libraries()
        self.port = free_port()
        self.url = f"http://{LOOPBACK}:{self.port}"
        with open(log_path, "wb") as log:
            self.process = subprocess.Popen(
                ["java", "-Xmx512m", f"-Dsqlite4java.library.path={lib}", "-cp", f"{lib}/*",
                 HERE / "Loopback.java", str(self.port)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        try:
            wait_until(lambda: self.process.poll() is not None or listening(self.port),
                       START_SECONDS, "DynamoDB Local listens")
            assert self.process.poll() is None, f"DynamoDB Local ended at once, see {log_path}"
        except BaseException:
            self.close()
            raise
        session = boto3.Session(CREDENTIALS["AccessKeyId"], CREDENTIALS["SecretAccessKey"],
                                CREDENTIALS["SessionToken"], region_name=REGION)
        self.client = session.client("dynamodb", endpoint_url=self.url,
                                     config=Config(retries={"max_attempts": 0}))

    def make_table(self):
        return make_table(self.client)

    def environment(self):
        """What a program needs to find it."""
        return {"AWS_ENDPOINT_URL_DYNAMODB": self.url, "AWS_REGION": REGION,
                "AWS_ACCESS_KEY_ID": CREDENTIALS["AccessKeyId"],
                "AWS_SECRET_ACCESS_KEY": CREDENTIALS["SecretAccessKey"],
                "AWS_SESSION_TOKEN": CREDENTIALS["SessionToken"],
                "AWS_EC2_METADATA_DISABLED": "true"}

    def items(self, table):
        """All items of a table."""
        pages = self.client.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
        return [item for page in pages for item in page["Items"]]

    def close(self):
        stop(self.process)
