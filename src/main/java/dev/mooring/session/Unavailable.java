package dev.mooring.session;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.http.HttpVersion;
import org.eclipse.jetty.http.MetaData;
import org.eclipse.jetty.server.HttpStream;
import org.eclipse.jetty.util.Callback;

/** The answer 503 with {@code Retry-After}, sent in place of one that an application has begun to make. */
public final class Unavailable {

    static final String RETRY_AFTER_SECONDS = "5";

    private Unavailable() {}

    /**
     * Sends it as the whole response, behind which nothing may be sent. Does not block.
     *
     * @param stream where to
     * @param request what is answered
     * @param reason what the client reads, in ASCII; no detail of ours
     * @param callback told when it has left
     */
    public static void send(HttpStream stream, MetaData.Request request, String reason, Callback callback) {
        byte[] body = reason.getBytes(StandardCharsets.US_ASCII);
        HttpFields.Mutable headers = HttpFields.build()
                .put(HttpHeader.RETRY_AFTER, RETRY_AFTER_SECONDS)
                .put(HttpHeader.CONTENT_TYPE, "text/plain")
                .put(HttpHeader.CACHE_CONTROL, "no-store")
                .put(HttpHeader.CONTENT_LENGTH, body.length);
        if (request.getHttpVersion().getVersion() < HttpVersion.HTTP_2.getVersion()) {
            headers.put(HttpHeader.CONNECTION, "close");
        }
        MetaData.Response response = new MetaData.Response(
                HttpStatus.SERVICE_UNAVAILABLE_503, null, request.getHttpVersion(), headers, body.length);
        stream.send(request, response, true, ByteBuffer.wrap(body), callback);
    }
}
