package dev.mooring.session;

import dev.mooring.model.Times;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * When one session was used on this node, and when it may be due. A use is no call to the cluster: it is noted here,
 * reported now and then with those of other sessions, and told to whoever asks before it ends the session. Thread-safe;
 * only what the alarm runs blocks.
 */
final class Uses {

    private static final long LONGEST_UNREPORTED_MS = 30_000;
    private static final long SHORTEST_WAIT_MS = 10;

    /** How long before the deadline that is prepared which can be. */
    private static final long AHEAD_MS = 2_000;

    private final LiveSession session;
    private final LiveData data;
    private final WebApplication application;
    private final Cluster cluster;
    private final AtomicInteger requests = new AtomicInteger();

    /** False from a use until a report begins. */
    private final AtomicBoolean reported = new AtomicBoolean(true);

    /** Cluster time up to which uses are in the record. */
    private volatile long reportedUntil;

    private final AtomicReference<@Nullable Future<?>> alarm = new AtomicReference<>();

    private volatile long answered;

    /** The deadline that the alarm was set to; a later one is found when it goes off. */
    private volatile long armedFor = Long.MAX_VALUE;

    Uses(LiveSession session, WebApplication application) {
        this.session = session;
        this.data = session.data();
        this.application = application;
        this.cluster = application.cluster();
        this.reportedUntil = data.used();
    }

    void enter() {
        requests.incrementAndGet();
    }

    void leave() {
        now();
        requests.decrementAndGet();
    }

    int requests() {
        return requests.get();
    }

    /** The session is in use now. */
    void now() {
        data.usedAt(cluster.time());
        if (reported.compareAndSet(true, false)) {
            reportLater();
        }
    }

    /** Returns when the session was in use last: now, while it is. */
    long last() {
        if (requests.get() > 0 || session.attachments().keepAlive()) {
            now();
        }
        return data.used();
    }

    /** Tells another node, which is about to end the session if it is due, when it was in use here last. */
    long answer() {
        answered = cluster.time();
        return last();
    }

    /** Returns when another node was told so last, in cluster time; 0 for never. */
    long answered() {
        return answered;
    }

    /** Uses are reported in time, so that after a crash no other node ends the session too early. */
    private void reportLater() {
        application.reports().add(session, reportedUntil + reportPeriodMs());
    }

    private long reportPeriodMs() {
        long maxInactiveMs = data.getMaxInactiveMs();
        return maxInactiveMs <= 0 ? LONGEST_UNREPORTED_MS : Math.min(maxInactiveMs / 10, LONGEST_UNREPORTED_MS);
    }

    /** Returns what is to be reported now; null for nothing. */
    @Nullable
    Times beginReport() {
        // Set back first: whoever uses the session from here on has it reported again.
        reported.set(true);
        boolean alive = data.stored()
                && !session.isInvalidOrInvalidating()
                && !session.residence().isEvicted();
        return alive && data.used() - reportedUntil >= reportPeriodMs() ? data.times() : null;
    }

    /** What was begun must be tried again. */
    void reportFailed() {
        if (reported.compareAndSet(true, false)) {
            reportLater();
        }
    }

    /** The record has these times. */
    void reported(Times times) {
        reportedUntil = Math.max(reportedUntil, times.used());
    }

    /** Has this node look at the session when it may be due. */
    void armAlarm() {
        long deadline = data.deadline();
        armedFor = deadline;
        boolean wanted = deadline != Long.MAX_VALUE
                && !session.isInvalidOrInvalidating()
                && session.isResident()
                && !session.residence().isEvicted();
        long left = deadline - cluster.time();
        if (!wanted) {
            disarm();
        } else if (left > AHEAD_MS) {
            setAlarm(application.deadlines().ring(left - AHEAD_MS, this::prepare));
        } else {
            lookAgainIn(Math.max(SHORTEST_WAIT_MS, left));
        }
        // Another thread has set the limit down meanwhile, and perhaps its alarm before this one.
        if (data.deadline() < deadline) {
            armAlarm();
        }
    }

    /** Unless it is used or was, it will soon be time. Does not block. */
    private void prepare() {
        if (data.deadline() == armedFor) {
            application.expiries().prepare(session);
        }
        lookAfterDeadline(0);
    }

    /** Looks whether the session is due, so long after the deadline that the alarm was set to. Does not block. */
    void lookAfterDeadline(long delayMs) {
        long due = armedFor;
        if (data.deadline() == due) {
            lookAgainIn(Math.max(SHORTEST_WAIT_MS, due + delayMs - cluster.time()));
        }
        // Also where another thread has just set the alarm to another time.
        if (data.deadline() != due) {
            armAlarm();
        }
    }

    /** The session's limit may have been set on another node: it may be due earlier than it was, or end at all. */
    void follow() {
        if (data.deadline() < armedFor) {
            armAlarm();
            if (!reported.get()) {
                reportLater();
            }
        }
    }

    private void lookAgainIn(long delayMs) {
        setAlarm(application
                .deadlines()
                .ring(delayMs, () -> application.expiries().add(session)));
    }

    /** Looks again soon: the cluster did not say whether the session is due. */
    void snooze() {
        setAlarm(application.deadlines().again(session.ending()::expireIfDue));
    }

    void disarm() {
        setAlarm(null);
    }

    private void setAlarm(@Nullable Future<?> next) {
        Future<?> before = alarm.getAndSet(next);
        if (before != null) {
            before.cancel(false);
        }
    }
}
