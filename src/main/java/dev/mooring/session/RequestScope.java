package dev.mooring.session;

import dev.mooring.grid.Patience;
import java.time.Duration;
import org.eclipse.jetty.server.Context;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.handler.ContextHandler;
import org.jspecify.annotations.Nullable;

/**
 * Knows which request the current thread works for, and what it has touched: Jetty announces each entry into a web
 * application, also the dispatches of an asynchronous request. A WebSocket's callbacks enter without a request; what
 * they changed in place is stored when they leave. Stateless but for a thread-local; one instance serves all contexts.
 */
final class RequestScope implements ContextHandler.ContextScopeListener {

    static final RequestScope INSTANCE = new RequestScope();

    /** A cluster that answers sooner is slow at most: the answers that a long request gets so are not added up. */
    private static final Duration NOTICEABLE = Duration.ofMillis(250);

    private static final String WAITED = RequestScope.class.getName() + ".waited";
    private static final String TOUCHED = Touched.class.getName();

    private static final ThreadLocal<@Nullable Entry> CURRENT = new ThreadLocal<>();

    /** One entry of a thread. Entries nest: an application may be entered from another, or from itself. */
    private static final class Entry {
        final @Nullable Request request;

        /** The session that is accessed without a request. */
        final @Nullable LiveSession accessed;

        final @Nullable Entry outer;

        /** Of this entry alone, or of the request; null while nothing was touched here. */
        @Nullable
        Touched touched;

        Entry(@Nullable Request request, @Nullable LiveSession accessed, @Nullable Entry outer) {
            this.request = request;
            this.accessed = accessed;
            this.outer = outer;
        }
    }

    private RequestScope() {}

    /** Returns the request that the current thread works for, or null. */
    static @Nullable Request current() {
        Entry entry = CURRENT.get();
        return entry == null ? null : entry.request;
    }

    /** The request that the current thread works for, if any, has waited for the cluster. */
    static void waited(long nanos) {
        Request request = current();
        if (request != null && nanos > NOTICEABLE.toNanos()) {
            request.setAttribute(WAITED, waitedBy(request).plusNanos(nanos));
        }
    }

    /**
     * Begins to count how long the current thread waits: for one thing that somebody has asked for, or with all that
     * the request has waited before whose response this is to be. When that has begun, a request is as free as anybody.
     */
    static Patience patience() {
        Request request = current();
        return Patience.begin(
                request == null || CommitStream.hasCommitted(request) ? Duration.ZERO : waitedBy(request));
    }

    /** Returns how long a request has waited for the cluster so far. */
    static Duration waitedBy(Request request) {
        return request.getAttribute(WAITED) instanceof Duration waited ? waited : Duration.ZERO;
    }

    /** The current thread has read or set an attribute whose value may change in place. */
    static void touch(LiveSession session, String name) {
        Entry entry = CURRENT.get();
        if (entry != null) {
            touchedIn(entry).add(session, name);
        }
    }

    /** The current thread has changed a session, which is stored with the response. */
    static void wrote(LiveSession session, long losses) {
        Entry entry = CURRENT.get();
        if (entry != null) {
            touchedIn(entry).wrote(session, losses);
        }
    }

    private static Touched touchedIn(Entry entry) {
        Touched touched = entry.touched;
        if (touched == null) {
            touched = entry.request == null ? new Touched() : touchedIn(entry.request);
            entry.touched = touched;
        }
        return touched;
    }

    // The threads of one request share it.
    private static Touched touchedIn(Request request) {
        synchronized (request.getComponents()) {
            Touched touched = touchedBy(request);
            if (touched == null) {
                touched = new Touched();
                request.setAttribute(TOUCHED, touched);
            }
            return touched;
        }
    }

    /** Returns what a request has touched so far, or null for nothing. */
    static @Nullable Touched touchedBy(Request request) {
        return (Touched) request.getAttribute(TOUCHED);
    }

    /** Begins an access to a session that is no request's. Ended by {@link #endAccess}. */
    static void beginAccess(LiveSession session) {
        CURRENT.set(new Entry(null, session, CURRENT.get()));
    }

    /**
     * Ends what {@link #beginAccess} began, and stores what was changed in place meanwhile. Blocks if there is
     * something.
     *
     * @return false if the current thread has begun no such access
     */
    static boolean endAccess(LiveSession session) {
        Entry entry = CURRENT.get();
        if (entry == null || entry.accessed != session) {
            return false;
        }
        storeAtTheEnd(pop());
        return true;
    }

    /**
     * The current thread is about to send something that is no response: what it has changed in place goes first. May
     * block.
     */
    static void beforeReply() {
        Entry entry = CURRENT.get();
        if (entry != null && entry.request == null && entry.touched != null) {
            entry.touched.storeBeforeReply();
        }
    }

    private static void storeAtTheEnd(@Nullable Touched touched) {
        if (touched != null) {
            touched.storeAtTheEnd();
        }
    }

    private static @Nullable Touched pop() {
        Entry entry = CURRENT.get();
        Entry outer = entry == null ? null : entry.outer;
        if (outer == null) {
            CURRENT.remove();
        } else {
            CURRENT.set(outer);
        }
        return entry == null ? null : entry.touched;
    }

    @Override
    public void enterScope(Context context, @Nullable Request request) {
        CURRENT.set(new Entry(request, null, CURRENT.get()));
    }

    /**
     * What a request changes before its response is committed goes with the response; everything else is stored here.
     */
    @Override
    public void exitScope(Context context, @Nullable Request request) {
        Touched touched = pop();
        if (request == null || CommitStream.hasCommitted(request)) {
            storeAtTheEnd(touched);
        }
    }
}
