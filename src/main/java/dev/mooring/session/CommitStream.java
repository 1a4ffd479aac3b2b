package dev.mooring.session;

import dev.mooring.grid.StoreUnavailableException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.http.HttpVersion;
import org.eclipse.jetty.http.MetaData;
import org.eclipse.jetty.server.HttpStream;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.session.ManagedSession;
import org.eclipse.jetty.session.SessionManager;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stores the session before the response is sent. Jetty's own commit, further in, swallows errors and answers 200; here the
 * client gets a 503 instead of a response that promises what is not stored. One for each request and web application.
 */
final class CommitStream extends HttpStream.Wrapper {

    private static final Logger LOG = LoggerFactory.getLogger(CommitStream.class);

    /** What a client reads; no detail of ours. */
    static final String UNAVAILABLE = "The session store is unavailable";

    static final String RETRY_AFTER_SECONDS = "5";

    private static final String ATTRIBUTE = CommitStream.class.getName() + ".";

    private final Request request;
    private final SessionManager manager;

    /** Set before the session is stored: what is set later is stored by whoever sets it. */
    private volatile boolean committed;

    private volatile @Nullable Throwable refused;

    private CommitStream(HttpStream wrapped, Request request, SessionManager manager) {
        super(wrapped);
        this.request = request;
        this.manager = manager;
    }

    /** Puts itself around a request's stream, outside of Jetty's own session wrapper. */
    static void wrap(Request request, SessionManager manager) {
        request.addHttpStreamWrapper(stream -> {
            CommitStream commit = new CommitStream(stream, request, manager);
            request.setAttribute(attribute(manager), commit);
            return commit;
        });
    }

    /** Tells whether the request's response is still to be sent, and with it what the request has set. */
    static boolean isOpen(Request request, SessionManager manager) {
        return request.getAttribute(attribute(manager)) instanceof CommitStream commit && !commit.committed;
    }

    // A request that is dispatched into another web application has a stream of ours for each.
    private static String attribute(SessionManager manager) {
        return ATTRIBUTE + System.identityHashCode(manager);
    }

    @Override
    public void send(
            MetaData.Request metaData,
            MetaData.@Nullable Response response,
            boolean last,
            ByteBuffer content,
            Callback callback) {
        Throwable failure = refused;
        if (failure == null && response != null && !HttpStatus.isInterim(response.getStatus())) {
            committed = true;
            failure = store();
        }
        if (failure == null) {
            super.send(metaData, response, last, content, callback);
        } else if (refused == null) {
            refused = failure;
            refuse(metaData, failure, callback);
        } else {
            callback.failed(failure);
        }
    }

    private @Nullable Throwable store() {
        ManagedSession session = manager.getManagedSession(request);
        if (session instanceof LiveSession live) {
            try {
                live.store();
            } catch (StoreUnavailableException e) {
                LOG.warn("Session {}: not stored, its response is a 503", live.key(), e);
                return e;
            }
        }
        return null;
    }

    private void refuse(MetaData.Request metaData, Throwable failure, Callback callback) {
        byte[] body = UNAVAILABLE.getBytes(StandardCharsets.US_ASCII);
        HttpFields.Mutable headers = HttpFields.build()
                .put(HttpHeader.RETRY_AFTER, RETRY_AFTER_SECONDS)
                .put(HttpHeader.CONTENT_TYPE, "text/plain")
                .put(HttpHeader.CACHE_CONTROL, "no-store")
                .put(HttpHeader.CONTENT_LENGTH, body.length);
        if (metaData.getHttpVersion().getVersion() < HttpVersion.HTTP_2.getVersion()) {
            headers.put(HttpHeader.CONNECTION, "close");
        }
        MetaData.Response unavailable = new MetaData.Response(
                HttpStatus.SERVICE_UNAVAILABLE_503, null, metaData.getHttpVersion(), headers, body.length);
        super.send(
                metaData,
                unavailable,
                true,
                ByteBuffer.wrap(body),
                Callback.from(() -> callback.failed(failure), x -> callback.failed(failure)));
    }
}
