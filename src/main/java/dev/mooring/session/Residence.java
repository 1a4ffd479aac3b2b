package dev.mooring.session;

import dev.mooring.grid.StoreUnavailableException;
import dev.mooring.model.Change;
import java.util.Map;
import java.util.Set;
import org.eclipse.jetty.util.thread.AutoLock;
import org.jspecify.annotations.Nullable;

/**
 * How one session comes to this node's memory and leaves it, and what its attributes hear of that. Thread-safe: whether
 * it is there changes only in a turn of the {@link Exchange}, by {@link #goAway} and {@link #comeBack}. No lock is held
 * while an attribute's own code runs.
 */
final class Residence {

    private final LiveSession session;
    private final LiveData data;
    private final WebApplication application;

    /** Nobody on this node needed the session, which is not among its holders. Written under the session's lock. */
    private volatile boolean evicted;

    /**
     * The attributes have been told that the session leaves, and not yet that it is back. Guarded by the session's
     * lock.
     */
    private boolean passivated;

    Residence(LiveSession session, WebApplication application) {
        this.session = session;
        this.data = session.data();
        this.application = application;
    }

    boolean isEvicted() {
        return evicted;
    }

    /**
     * The session has come to this node: the attributes that want to hear of it are read, and told. The others stay
     * bytes.
     */
    void arrive() {
        activate();
        Set<String> names;
        try (AutoLock ignored = session.lock()) {
            names = data.attributes().unreadNames(application.codec()::isActivationListener);
        }
        names.forEach(session::materialise);
    }

    /** Tells the attributes that were told of the opposite. */
    void activate() {
        Map<String, Object> values;
        try (AutoLock ignored = session.lock()) {
            values = passivated ? data.attributes().materialised() : Map.of();
            passivated = false;
        }
        if (!values.isEmpty()) {
            application.run(() -> values.values().forEach(value -> Environment.activated(value, session)));
        }
    }

    /**
     * The session is about to leave this node's memory: the attributes that have been read, and want to hear of it, are
     * told. What they change in place thereby is stored with the session.
     */
    void passivate() {
        Map<String, Object> values;
        try (AutoLock ignored = session.lock()) {
            values = data.attributes().materialised();
            passivated = true;
        }
        values.values().removeIf(value -> !Environment.isActivationListener(value.getClass()));
        if (!values.isEmpty()) {
            application.run(() -> values.values().forEach(value -> Environment.passivating(value, session)));
            session.inPlaceChanges().look(values.keySet());
        }
    }

    /**
     * Leaves the session to the other nodes if nobody needs it here: neither a request nor a WebSocket. An application
     * that still has it may go on using it, which brings it back. Blocks.
     *
     * @param usedBefore cluster time since which it must not have been used
     * @return what takes this node off the holders; null if the session stays
     * @throws StoreUnavailableException if it stays since the cluster did not confirm what the listeners have changed
     * @throws IllegalStateException if this node was about to end it, and now does
     */
    Change.@Nullable Leave evict(long usedBefore) {
        if (!isIdle(usedBefore)) {
            return null;
        }
        passivate();
        Change.Leave leave = null;
        try {
            // What the listeners have changed.
            session.store();
            leave = session.exchange().giveUp(() -> isIdle(usedBefore));
            return leave;
        } finally {
            if (leave == null) {
                activate();
            }
        }
    }

    private boolean isIdle(long usedBefore) {
        try (AutoLock ignored = session.lock()) {
            return session.isQuiet()
                    && !evicted
                    && data.stored()
                    && data.used() <= usedBefore
                    && session.uses().requests() == 0
                    && session.attachments().isEmpty()
                    && !data.attributes().hasLocal()
                    && data.pending() == null;
        }
    }

    /** Called in the session's turn, under its lock. */
    void goAway() {
        evicted = true;
        session.uses().disarm();
        application.sessions().evicted(session);
    }

    /** Called in the session's turn. */
    boolean comeBack() {
        try (AutoLock ignored = session.lock()) {
            if (!evicted) {
                return false;
            }
            evicted = false;
        }
        application.sessions().holdAgain(session);
        session.uses().armAlarm();
        return true;
    }

    /**
     * This node stops, and others carry the session on. Blocks.
     *
     * @return what takes this node off the holders
     */
    Change.Leave handOn() {
        session.uses().disarm();
        if (!session.isInvalidOrInvalidating() && !evicted) {
            passivate();
        }
        session.storeUnlessOver();
        return session.exchange().leave(false);
    }
}
