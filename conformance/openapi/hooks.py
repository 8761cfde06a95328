"""What schemathesis needs to know beyond the document: files are bytes as they are."""
import schemathesis


@schemathesis.serializer("application/pdf", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "application/vnd.openxmlformats-officedocument.wordprocessingml.document")
def file_as_it_is(ctx, value):
    return {"data": value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")}


@schemathesis.deserializer("application/octet-stream", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
                            "application/vnd.openxmlformats-officedocument.wordprocessingml.document")
def bytes_as_they_are(ctx, response):
    # One character a byte: the schema says a string.
    return response.content.decode("latin-1")
