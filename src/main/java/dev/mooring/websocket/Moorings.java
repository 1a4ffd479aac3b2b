package dev.mooring.websocket;

import dev.mooring.session.LiveSession;
import java.security.Principal;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Stream;
import org.eclipse.jetty.server.handler.ContextHandler;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.thread.Scheduler;
import org.eclipse.jetty.websocket.core.WebSocketCoreSession;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The WebSockets of this node that are tied to a session. Thread-safe; only {@link #nodeStops} and
 * {@link #applicationStops} block.
 */
public final class Moorings {

    /** How long whoever stops is kept waiting for one thing. */
    static final Duration FAREWELL = Duration.ofSeconds(1);

    private static final Logger LOG = LoggerFactory.getLogger(Moorings.class);

    private final SocketPolicy policy;
    private final Set<Mooring> open = ConcurrentHashMap.newKeySet();
    private final Map<Farewell, LongAdder> closes = new EnumMap<>(Farewell.class);

    /** Set for good when this node begins to stop. */
    private volatile boolean stopping;

    /**
     * Starts with none.
     *
     * @param policy what the properties say
     */
    public Moorings(SocketPolicy policy) {
        this.policy = policy;
        for (Farewell farewell : Farewell.values()) {
            closes.put(farewell, new LongAdder());
        }
    }

    /**
     * Returns what the properties say.
     *
     * @return the policy, the same from the start on
     */
    public SocketPolicy policy() {
        return policy;
    }

    boolean isStopping() {
        return stopping;
    }

    /** Ties a socket whose 101 is about to leave to its session. */
    Mooring moor(
            LiveSession session,
            WebSocketCoreSession socket,
            @Nullable Principal principal,
            int logouts,
            ContextHandler context,
            Scheduler scheduler) {
        Mooring mooring = new Mooring(session, socket, principal, this, context, scheduler);
        open.add(mooring);
        mooring.make(logouts);
        return mooring;
    }

    void remove(Mooring mooring) {
        open.remove(mooring);
    }

    void count(Farewell farewell) {
        LongAdder count = closes.get(farewell);
        if (count != null) {
            count.increment();
        }
    }

    /**
     * Returns how many WebSockets are tied to a session.
     *
     * @return the number of open ones on this node
     */
    public int size() {
        return open.size();
    }

    /**
     * Describes the WebSockets that are tied to a session, as they are now.
     *
     * @return a line for each, with no whole session id
     */
    public List<String> describe() {
        return open.stream().map(Mooring::toString).sorted().toList();
    }

    /**
     * Returns how many WebSockets this node has closed, for each reason: a session invalidated or expired, a logout, a
     * stop of the node or the web application. Those that clients and applications close are not among them.
     *
     * @return the counts since the start, by the words that the clients have read
     */
    public Map<String, Long> closes() {
        Map<String, Long> counts = new TreeMap<>();
        closes.forEach((farewell, count) -> counts.put(farewell.reason(), count.sum()));
        return counts;
    }

    /**
     * Closes all with 1001, which tells clients to come back, and has later upgrades refused. Blocks until the frames
     * have left, at most for a second, and then for the application's {@code onClose}.
     */
    public void nodeStops() {
        stopping = true;
        goAway(open.stream(), Farewell.NODE_STOPS);
    }

    /**
     * Closes those of a web application with 1001, while it still runs. Blocks until the frames have left, at most for
     * a second, and then for the application's {@code onClose}.
     *
     * @param context the web application, stopping
     */
    void applicationStops(ContextHandler context) {
        goAway(open.stream().filter(mooring -> mooring.isOf(context)), Farewell.APPLICATION_STOPS);
    }

    /** All are told first: an {@code onClose} that sends to others finds none that still waits for it. */
    private static void goAway(Stream<Mooring> open, Farewell farewell) {
        List<Mooring> leaving = open.toList();
        await(farewell, leaving.stream().map(mooring -> {
            Callback.Completable sent = new Callback.Completable();
            mooring.goAway(farewell, sent);
            return sent;
        }));
        await(farewell, leaving.stream().map(Mooring::hangUp));
    }

    private static void await(Farewell farewell, Stream<CompletableFuture<?>> all) {
        try {
            CompletableFuture.allOf(all.toArray(CompletableFuture<?>[]::new))
                    .get(FAREWELL.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException | TimeoutException e) {
            LOG.debug("Not every WebSocket could be closed in time, {}", farewell.reason(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
