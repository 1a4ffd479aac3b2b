package dev.mooring.grid;

import com.hazelcast.map.IMap;
import dev.mooring.model.SessionRecord;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives records back the time to live that a client's compare-and-set takes from them: it has no argument for it, and
 * leaves the record for ever, or for as long as the servers' own configuration of the map says. Done right after the
 * write and not within it; where one write follows the other, once for all those of a moment.
 *
 * <p>A node that dies in between leaves a record that stays: the next write of any node sets it right, and where none
 * comes the sweep for left-over sessions goes by the record's own times. Too long a life is garbage; too short a one
 * would be a lost session. Therefore the record is read again after its life was set: of two nodes that write at once
 * and hold different opinions the one that comes last sees the record that won.
 *
 * <p>Thread-safe.
 */
final class TimesToLive {

    /** How long a record may be without its time to live that was written a moment before, too. */
    private static final Duration DELAY = Duration.ofSeconds(1);

    /** The same where a tombstone is about to take its place, with a time to live of its own. */
    private static final Duration ENDING_DELAY = Duration.ofSeconds(5);

    private static final int THREADS = 8;

    /** How long to wait for a cluster that does not answer. */
    private static final Duration PAUSE = Duration.ofSeconds(2);

    private static final Logger LOG = LoggerFactory.getLogger(TimesToLive.class);

    private final IMap<String, SessionRecord> records;
    private final long slackMs;
    private final ScheduledExecutorService scheduler;

    private final Lanes lanes;

    /** What is still to be done: milliseconds by key. */
    private final Map<String, Long> due = new ConcurrentHashMap<>();

    /** The keys of {@link #due} that somebody looks for, now or in a moment. */
    private final Set<String> looked = ConcurrentHashMap.newKeySet();

    TimesToLive(
            IMap<String, SessionRecord> records, long slackMs, Executor threads, ScheduledExecutorService scheduler) {
        this.records = records;
        this.slackMs = slackMs;
        this.scheduler = scheduler;
        this.lanes = new Lanes(THREADS, threads);
    }

    /** Sees to it that the record gets its time to live. Does not block. */
    void give(String path, SessionRecord record) {
        due.put(path, record.timeToLiveMs(slackMs));
        if (!looked.add(path)) {
            return;
        }
        if (record.state() == SessionRecord.State.ENDING) {
            later(path, ENDING_DELAY);
        } else {
            soon(path);
        }
    }

    /** The record has been written with its time to live, and changes no more. Does not block. */
    void forget(String path) {
        due.remove(path);
    }

    /** Does what is still to be done. Blocks; says so in the log when the cluster does not answer. */
    void stop() {
        try {
            due.keySet().forEach(this::give);
        } catch (RuntimeException e) {
            LOG.debug("{} records stay without their time to live until they are written again", due.size(), e);
        }
    }

    private void later(String path, Duration delay) {
        try {
            Future<?> unused = scheduler.schedule(() -> soon(path), delay.toMillis(), TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException e) {
            // This node is stopping, and stop() comes after the scheduler's end.
            LOG.trace("Left to the stop of this node", e);
        }
    }

    private void soon(String path) {
        lanes.execute(() -> look(path));
    }

    private void look(String path) {
        try {
            if (give(path)) {
                later(path, DELAY);
                return;
            }
        } catch (RuntimeException | Error e) {
            // The boundary of a thread of ours. A server passes on even its errors.
            LOG.debug("A record stays without its time to live for a while", e);
            later(path, PAUSE);
            return;
        }
        looked.remove(path);
        // Perhaps written meanwhile, by somebody who left it to this thread.
        if (due.containsKey(path) && looked.add(path)) {
            soon(path);
        }
    }

    /** Returns whether there was anything to do. */
    private boolean give(String path) {
        Long due = this.due.remove(path);
        if (due == null) {
            return false;
        }
        long given = due;
        boolean done = false;
        try {
            long wanted = given;
            do {
                given = wanted;
                records.setTtl(path, given, TimeUnit.MILLISECONDS);
                SessionRecord record = records.get(path);
                wanted = record == null ? given : record.timeToLiveMs(slackMs);
            } while (wanted != given);
            done = true;
        } finally {
            if (!done) {
                this.due.putIfAbsent(path, given);
            }
        }
        return true;
    }
}
