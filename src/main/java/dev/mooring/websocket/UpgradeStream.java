package dev.mooring.websocket;

import dev.mooring.session.Environment;
import dev.mooring.session.LiveSession;
import dev.mooring.session.Unavailable;
import java.nio.ByteBuffer;
import java.security.Principal;
import java.util.function.BooleanSupplier;
import org.eclipse.jetty.http.HttpMethod;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.http.MetaData;
import org.eclipse.jetty.io.EofException;
import org.eclipse.jetty.server.HttpStream;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.handler.ContextHandler;
import org.eclipse.jetty.session.AbstractSessionManager.RequestedSession;
import org.eclipse.jetty.session.SessionManager;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.websocket.core.WebSocketConnection;
import org.eclipse.jetty.websocket.core.WebSocketCoreSession;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sees the 101 (in HTTP/2 the 200) just before it leaves, after the session was stored: here the WebSocket is bound to
 * its session, before any {@code onOpen}.
 */
final class UpgradeStream extends HttpStream.Wrapper {

    private static final Logger LOG = LoggerFactory.getLogger(UpgradeStream.class);

    private final Request request;
    private final ContextHandler context;
    private final SessionManager manager;
    private final Moorings moorings;

    /** The session that the request came with; null if it brought none that was alive. */
    private final @Nullable LiveSession brought;

    /** The logouts of {@link #brought} before the request was authenticated. */
    private final int logouts;

    /** Tells whether the web application has begun to stop since the upgrade came. */
    private final BooleanSupplier stopping;

    private final Runnable atTheEnd;

    private volatile @Nullable Mooring mooring;

    /** Set once the answer is known, which is logged once. */
    private boolean answered;

    /** Set once another answer than the web application's was sent. */
    private boolean refused;

    /**
     * Sees one upgrade.
     *
     * @param stopping tells whether the web application has begun to stop since the upgrade came
     * @param atTheEnd run once, when the upgrade has failed, or is done and its {@code onOpen} too
     */
    UpgradeStream(
            HttpStream wrapped,
            Request request,
            ContextHandler context,
            SessionManager manager,
            Moorings moorings,
            BooleanSupplier stopping,
            Runnable atTheEnd) {
        super(wrapped);
        this.request = request;
        this.context = context;
        this.manager = manager;
        this.moorings = moorings;
        this.stopping = stopping;
        this.atTheEnd = atTheEnd;
        this.brought = RequestedSession.byAttribute(request).session() instanceof LiveSession session ? session : null;
        this.logouts = brought == null ? 0 : brought.attachments().logouts();
    }

    @Override
    public void send(
            MetaData.Request metaData,
            MetaData.@Nullable Response response,
            boolean last,
            ByteBuffer content,
            Callback callback) {
        if (refused) {
            callback.failed(new EofException("the response has ended"));
            return;
        }
        if (response != null && !answered && !HttpStatus.isInterim(response.getStatus())) {
            answered = true;
            WebSocketConnection connection = isUpgrade(response)
                            && request.getAttribute(UPGRADE_CONNECTION_ATTRIBUTE) instanceof WebSocketConnection made
                    ? made
                    : null;
            Farewell why = farewell();
            if (why != null && (connection != null || isFailure(response))) {
                refused = true;
                request.removeAttribute(UPGRADE_CONNECTION_ATTRIBUTE);
                LOG.debug("Upgrade of {}: {}", request.getHttpURI().getPath(), why.reason());
                Unavailable.send(getWrapped(), metaData, why.reason(), callback);
                return;
            }
            if (connection != null) {
                bind(connection);
            } else {
                LOG.debug("Upgrade of {}: failed with {}", request.getHttpURI().getPath(), response.getStatus());
            }
        }
        super.send(metaData, response, last, content, callback);
    }

    /**
     * Returns why nobody is served here any more; null while the web application runs. A WebSocket would open in what
     * has stopped, and what fails may fail for that: the client is to come back.
     */
    private @Nullable Farewell farewell() {
        if (moorings.isStopping()) {
            return Farewell.NODE_STOPS;
        }
        return stopping.getAsBoolean() ? Farewell.APPLICATION_STOPS : null;
    }

    private static boolean isFailure(MetaData.Response response) {
        return response.getStatus() == HttpStatus.NOT_FOUND_404 || HttpStatus.isServerError(response.getStatus());
    }

    private static boolean isUpgrade(MetaData.Response response) {
        return response.getStatus() == HttpStatus.SWITCHING_PROTOCOLS_101 || response.getStatus() == HttpStatus.OK_200;
    }

    private void bind(WebSocketConnection connection) {
        LiveSession session = session();
        if (session == null) {
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
        LOG.debug(
                "Upgrade of {}: session {} {}",
                request.getHttpURI().getPath(),
                session.key(),
                session == brought ? "found" : "created");
        Mooring bound = moorings.moor(
                session,
                socket,
                principal(socket),
                session == brought ? logouts : session.attachments().logouts(),
                context,
                request.getComponents().getScheduler());
        mooring = bound;
        // Added first and looked at after: this thread or the one that stops the node or the web application closes it.
        Farewell why = farewell();
        if (why != null) {
            bound.goAway(why, Callback.NOOP);
        }
    }

    // A session that the request came with and that has ended meanwhile is the socket's all the same, and closes it.
    private @Nullable LiveSession session() {
        return manager.getManagedSession(request) instanceof LiveSession session ? session : brought;
    }

    private @Nullable Principal principal(WebSocketCoreSession socket) {
        return Environment.principal(socket.getHandler())
                .orElseGet(() -> Request.getAuthenticationState(request).getUserPrincipal());
    }

    /**
     * Has Jetty make the WebSocket: it calls {@code onOpen}, and delivers what has come by then. In HTTP/2 this may be
     * the thread that writes for the whole connection. An endpoint that sends and waits there would wait for itself,
     * and everybody else on that connection with it: so another thread does it.
     */
    @Override
    public void succeeded() {
        if (HttpMethod.CONNECT.is(request.getMethod())) {
            request.getComponents().getExecutor().execute(this::open);
        } else {
            open();
        }
    }

    private void open() {
        try {
            super.succeeded();
            Mooring bound = mooring;
            if (bound != null) {
                bound.upgraded();
            }
        } finally {
            atTheEnd.run();
        }
    }

    @Override
    public void failed(Throwable failure) {
        try {
            Mooring bound = mooring;
            if (bound != null) {
                bound.castOff();
            }
            super.failed(failure);
        } finally {
            atTheEnd.run();
        }
    }
}
