package dev.mooring.grid;

import com.hazelcast.core.HazelcastException;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.map.IMap;
import dev.mooring.model.Change;
import dev.mooring.model.Outcome;
import dev.mooring.model.SessionKey;
import dev.mooring.model.SessionRecord;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The session map as a client of plain Hazelcast servers sees it, which know none of our classes: a change is applied here, to
 * the record as it was read, and the record that follows takes its place if it is still the one that was read. If not, somebody
 * else was faster, and the change is applied anew to what is there now. So the whole record travels, there and back.
 *
 * <p>A call that got no answer may have put its record in place. The change is made again then, and the number of the
 * operation in the record tells it that there is nothing left to do. But no answer may also mean that only the backup did not
 * get the record: whoever finds its change in place after such a call puts the same record there once more, and what succeeds
 * then has its backups.
 */
final class ClientSessionMap implements SessionMap {

    private static final int AT_A_TIME = 100;

    private final IMap<String, SessionRecord> records;
    private final StoreCalls calls;
    private final ExecutorService threads;
    private final TimesToLive lives;
    private final long slackMs;

    /**
     * Opens the map.
     *
     * @param threads where calls run that Hazelcast has only in a form that blocks
     * @param scheduler starts what is to be done later; nothing runs on it for long
     */
    ClientSessionMap(
            HazelcastInstance hazelcast,
            GridConfig config,
            StoreCalls calls,
            Duration slack,
            ExecutorService threads,
            ScheduledExecutorService scheduler) {
        this.records = hazelcast.getMap(config.mapName());
        this.calls = calls;
        this.threads = threads;
        this.slackMs = slack.toMillis();
        this.lives = new TimesToLive(records, slackMs, threads, scheduler);
    }

    /** Finishes what is left to do for the records that were written last. Blocks. */
    void stop() {
        lives.stop();
    }

    @Override
    public Outcome apply(SessionKey key, Change change) {
        return calls.await("session " + key, new Swap(key.path(), change));
    }

    /** Each is a compare-and-set of its own, {@value #AT_A_TIME} at a time. */
    @Override
    public Map<SessionKey, Outcome> applyAll(Map<SessionKey, Change> changes) {
        Map<SessionKey, Outcome> outcomes = new HashMap<>();
        Iterator<Map.Entry<SessionKey, Change>> left = changes.entrySet().iterator();
        while (left.hasNext()) {
            Map<SessionKey, Supplier<CompletableFuture<Outcome>>> some = new HashMap<>();
            while (some.size() < AT_A_TIME && left.hasNext()) {
                Map.Entry<SessionKey, Change> next = left.next();
                Swap swap = new Swap(next.getKey().path(), next.getValue());
                CompletableFuture<Outcome> first = swap.get();
                // One that has failed already is as good as not begun: it runs again, and knows that.
                some.put(next.getKey(), () -> first.isCompletedExceptionally() ? swap.get() : first);
            }
            some.forEach((key, swap) -> outcomes.put(key, calls.await("session " + key, swap)));
        }
        return outcomes;
    }

    /** Runs one change; a second run knows that it is one. */
    private final class Swap implements Supplier<CompletableFuture<Outcome>> {
        private final long deadline = System.nanoTime() + Grid.CALL_TIMEOUT.toNanos();
        private final AtomicInteger runs = new AtomicInteger();
        private final String path;
        private final Change change;

        Swap(String path, Change change) {
            this.path = path;
            this.change = change;
        }

        @Override
        public CompletableFuture<Outcome> get() {
            boolean again = runs.getAndIncrement() > 0;
            return CompletableFuture.supplyAsync(() -> swap(path, change, again, deadline), threads);
        }
    }

    private Outcome swap(String path, Change change, boolean again, long deadline) {
        boolean doubtful = again;
        SessionRecord record = records.get(path);
        while (System.nanoTime() - deadline < 0) {
            Change.Step step = change.applyTo(record);
            SessionRecord next = step.next();
            if (next == null || next.equals(record) && !doubtful) {
                return step.outcome();
            }
            if (put(path, record, next)) {
                return step.outcome();
            }
            doubtful = true;
            record = records.get(path);
        }
        throw new HazelcastException("not stored: other writers were faster for " + Grid.CALL_TIMEOUT);
    }

    private boolean put(String path, @Nullable SessionRecord record, SessionRecord next) {
        long timeToLiveMs = next.timeToLiveMs(slackMs);
        if (record == null) {
            return records.putIfAbsent(path, next, timeToLiveMs, TimeUnit.MILLISECONDS) == null;
        }
        if (!records.replace(path, record, next)) {
            return false;
        }
        lives.give(path, timeToLiveMs);
        return true;
    }

    @Override
    public boolean removeDamaged(SessionKey key) {
        return calls.removeDamaged(records, key);
    }

    /** Servers do not know what a session is, so its records come here to be looked at, some at a time. */
    @Override
    public Collection<SessionKey> leftOver(String scope, long dueBefore) {
        LeftOver question = new LeftOver(scope, dueBefore);
        List<SessionKey> found = new ArrayList<>();
        Iterator<String> paths = calls.get("sessions of " + scope, records::keySet).stream()
                .filter(question::isIn)
                .iterator();
        while (paths.hasNext()) {
            Set<String> some = new HashSet<>();
            while (some.size() < AT_A_TIME && paths.hasNext()) {
                some.add(paths.next());
            }
            calls.get("sessions of " + scope, () -> records.getAll(some)).forEach((path, record) -> {
                if (question.isLeftOver(record)) {
                    found.add(SessionKey.ofPath(scope, path));
                }
            });
        }
        return found;
    }
}
