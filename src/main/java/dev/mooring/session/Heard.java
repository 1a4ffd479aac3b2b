package dev.mooring.session;

import dev.mooring.model.EndCause;
import dev.mooring.model.SessionKey;
import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * What this node knows of one session: what it has heard of it, and where its object is. It exists before the session
 * is loaded, so that a notice which comes between the load and its result is not lost, and as long after an eviction as
 * somebody may still have the object, so that there is never a second one. Touched by Hazelcast's threads: atomics
 * only, no lock.
 */
final class Heard {

    /** An evicted session: kept by nobody here but the application, and found again for as long as that does. */
    static final class Evicted extends WeakReference<LiveSession> {
        private final SessionKey key;

        Evicted(LiveSession session, ReferenceQueue<LiveSession> collected) {
            super(session, collected);
            this.key = session.key();
        }

        SessionKey key() {
            return key;
        }
    }

    private final AtomicLong version = new AtomicLong();

    /** Null until somebody hears of the end, and never again. */
    private volatile @Nullable EndCause end;

    /** The session while this node holds a copy. */
    private final AtomicReference<@Nullable LiveSession> held = new AtomicReference<>();

    /** The session when it does not, or not yet again. */
    private volatile @Nullable Evicted evicted;

    /** How many threads hear of the session because they are about to find it. Grown where the session is looked up. */
    private final AtomicInteger finders = new AtomicInteger();

    /** How many threads load the session for requests. */
    private final AtomicInteger loads = new AtomicInteger();

    /** Looks at an evicted session when it may be due, on the node that was its last holder. */
    private final AtomicReference<@Nullable Future<?>> watch = new AtomicReference<>();

    /** The record has this version, as far as this node knows by itself. */
    void changed(long newVersion) {
        version.accumulateAndGet(newVersion, Math::max);
    }

    /** Another node says that the record has this version. */
    void told(long newVersion) {
        changed(newVersion);
        LiveSession session = session();
        if (session != null) {
            session.data().told(newVersion);
        }
    }

    /**
     * The record was seen to be at {@code found}, when {@code heard} was the newest version heard of: that one is lost.
     */
    void undone(long heard, long found) {
        version.compareAndSet(heard, found);
    }

    void ended(EndCause cause) {
        end = cause;
    }

    long version() {
        return version.get();
    }

    @Nullable
    EndCause end() {
        return end;
    }

    /** Returns the one object of the session, held or evicted. */
    @Nullable
    LiveSession session() {
        LiveSession session = held.get();
        Evicted weak = evicted;
        return session != null || weak == null ? session : weak.get();
    }

    boolean isHeld() {
        return held.get() != null;
    }

    /** Tells whether nobody here has to do with the session any more. */
    boolean isForgotten() {
        return session() == null && watch.get() == null && finders.get() == 0;
    }

    boolean isWatched() {
        return watch.get() != null;
    }

    void beginFinding() {
        finders.incrementAndGet();
    }

    void endFinding() {
        finders.decrementAndGet();
    }

    /** A request is about to load the session, until {@link #endLoad}. */
    void beginLoad() {
        loads.incrementAndGet();
    }

    void endLoad() {
        loads.decrementAndGet();
    }

    boolean isLoading() {
        return loads.get() > 0;
    }

    /** Keeps a session that was loaded; returns the one that is kept already instead if another thread was faster. */
    LiveSession hold(LiveSession loaded) {
        LiveSession other = session();
        if (other == null && held.compareAndSet(null, loaded)) {
            watch(null);
            return loaded;
        }
        return other == null ? hold(loaded) : other;
    }

    /** Keeps a session again that was evicted. */
    void holdAgain(LiveSession session) {
        held.set(session);
        evicted = null;
        watch(null);
    }

    /** Leaves the session to the application. */
    void evict(Evicted weak) {
        evicted = weak;
        held.set(null);
    }

    /** Sets what looks at the evicted session, in the place of what did so before; null for nothing. */
    void watch(@Nullable Future<?> next) {
        Future<?> before = watch.getAndSet(next);
        if (before != null) {
            before.cancel(false);
        }
    }
}
