package dev.mooring.session;

import dev.mooring.grid.StoreUnavailableException;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * When one session was used on this node, and when it may be due. A use is no call to the cluster: it is noted here, reported
 * now and then, and told to whoever asks before it ends the session. Thread-safe; only {@link #report} and what the alarm runs
 * block.
 */
final class Uses {

    private static final Logger LOG = LoggerFactory.getLogger(Uses.class);
    private static final long LONGEST_UNREPORTED_MS = 30_000;
    private static final long SHORTEST_WAIT_MS = 10;
    private static final long RETRY_MS = 1000;

    private final LiveSession session;
    private final LiveData data;
    private final LiveSessionCache cache;
    private final AtomicInteger requests = new AtomicInteger();

    /** False from a use until a report begins. */
    private final AtomicBoolean reported = new AtomicBoolean(true);

    /** Cluster time up to which uses are in the record. */
    private volatile long reportedUntil;

    private volatile @Nullable Future<?> alarm;

    Uses(LiveSession session, LiveData data, LiveSessionCache cache) {
        this.session = session;
        this.data = data;
        this.cache = cache;
        this.reportedUntil = data.used();
    }

    void enter() {
        requests.incrementAndGet();
    }

    void leave() {
        now();
        requests.decrementAndGet();
    }

    /** The session is in use now. */
    void now() {
        data.usedAt(cache.clusterTime());
        if (reported.compareAndSet(true, false)) {
            cache.reportLater(session);
        }
    }

    /** Returns when the session was in use last: now, while it is. */
    long last() {
        if (requests.get() > 0 || session.isKeptAlive()) {
            now();
        }
        return data.used();
    }

    /** Tells whether uses should be reported by now, so that after a crash no other node ends the session too early. */
    boolean isReportDue(long now) {
        long maxInactiveMs = data.getMaxInactiveMs();
        long period = maxInactiveMs <= 0 ? LONGEST_UNREPORTED_MS : Math.min(maxInactiveMs / 10, LONGEST_UNREPORTED_MS);
        return now - reportedUntil >= period;
    }

    /** Reports uses to the cluster. Returns false if that must be tried again. */
    boolean report(Exchange exchange) {
        // Set back first: whoever uses the session from here on has it reported again.
        reported.set(true);
        long used = data.used();
        if (!data.stored() || session.isInvalidOrInvalidating() || used <= reportedUntil) {
            return true;
        }
        try {
            exchange.touch();
            reportedUntil = used;
            return true;
        } catch (StoreUnavailableException e) {
            LOG.debug("Session {}: use not reported yet", session.key(), e);
            reported.set(false);
            return false;
        }
    }

    /** Has this node look at the session when it may be due. */
    void armAlarm() {
        disarm();
        long deadline = data.deadline();
        if (deadline != Long.MAX_VALUE && !session.isInvalidOrInvalidating()) {
            alarm = cache.deadlines()
                    .in(Math.max(SHORTEST_WAIT_MS, deadline - cache.clusterTime()), session::expireIfDue);
        }
    }

    /** Looks again soon: the cluster did not say whether the session is due. */
    void snooze() {
        alarm = cache.deadlines().in(RETRY_MS, session::expireIfDue);
    }

    void disarm() {
        Future<?> old = alarm;
        if (old != null) {
            old.cancel(false);
        }
    }
}
