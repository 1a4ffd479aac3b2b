package dev.mooring.websocket;

import dev.mooring.session.LiveSession;
import java.nio.ByteBuffer;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.http.MetaData;
import org.eclipse.jetty.server.HttpStream;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.session.SessionManager;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.websocket.core.WebSocketConnection;
import org.eclipse.jetty.websocket.core.WebSocketCoreSession;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sees the 101 (in HTTP/2 the 200) just before it leaves, after the session was stored: here the WebSocket is bound to its
 * session, before any {@code onOpen}.
 */
final class UpgradeStream extends HttpStream.Wrapper {

    private static final Logger LOG = LoggerFactory.getLogger(UpgradeStream.class);

    private final Request request;
    private final SessionManager manager;
    private final Moorings moorings;

    private volatile @Nullable Mooring mooring;

    UpgradeStream(HttpStream wrapped, Request request, SessionManager manager, Moorings moorings) {
        super(wrapped);
        this.request = request;
        this.manager = manager;
        this.moorings = moorings;
    }

    @Override
    public void send(
            MetaData.Request metaData,
            MetaData.@Nullable Response response,
            boolean last,
            ByteBuffer content,
            Callback callback) {
        if (response != null && mooring == null) {
            if (isUpgrade(response)
                    && request.getAttribute(UPGRADE_CONNECTION_ATTRIBUTE) instanceof WebSocketConnection connection) {
                bind(connection);
            } else if (!HttpStatus.isInterim(response.getStatus())) {
                LOG.debug("Upgrade of {}: failed with {}", request.getHttpURI().getPath(), response.getStatus());
            }
        }
        super.send(metaData, response, last, content, callback);
    }

    private static boolean isUpgrade(MetaData.Response response) {
        return response.getStatus() == HttpStatus.SWITCHING_PROTOCOLS_101 || response.getStatus() == HttpStatus.OK_200;
    }

    private void bind(WebSocketConnection connection) {
        if (!(manager.getManagedSession(request) instanceof LiveSession session)) {
            LOG.debug("Upgrade of {}: session none", request.getHttpURI().getPath());
            return;
        }
        WebSocketCoreSession socket = CoreSessions.of(request, connection);
        if (socket == null) {
            LOG.debug(
                    "Upgrade of {}: session {} found, not bound",
                    request.getHttpURI().getPath(),
                    session.key());
            return;
        }
        mooring = moorings.moor(session, socket, request.getComponents().getScheduler());
        LOG.debug(
                "Upgrade of {}: session {} {}",
                request.getHttpURI().getPath(),
                session.key(),
                session.wasFoundBy(request) ? "found" : "created");
    }

    @Override
    public void failed(Throwable failure) {
        Mooring bound = mooring;
        if (bound != null) {
            bound.castOff();
        }
        super.failed(failure);
    }
}
