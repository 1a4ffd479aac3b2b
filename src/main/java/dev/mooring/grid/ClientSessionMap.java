package dev.mooring.grid;

import com.hazelcast.core.HazelcastException;
import com.hazelcast.map.IMap;
import com.hazelcast.nio.serialization.HazelcastSerializationException;
import dev.mooring.model.Change;
import dev.mooring.model.Outcome;
import dev.mooring.model.SessionKey;
import dev.mooring.model.SessionRecord;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The session map as a client of plain Hazelcast servers sees it, which know none of our classes: a change is applied
 * here, to the record as it was read, and the record that follows takes its place if it is still the one that was read.
 * If not, somebody else was faster, and the change is applied anew to what is there now. So the whole record travels,
 * there and back.
 *
 * <p>A call that got no answer may have put its record in place. The change is made again then, and the number of the
 * operation in the record tells it that there is nothing left to do. But no answer may also mean that only the backup
 * did not get the record: whoever finds its change in place after such a call puts the same record there once more, and
 * what succeeds then has its backups.
 */
final class ClientSessionMap extends SessionMap {

    /** How many records are looked at together in a search. */
    private static final int AT_A_TIME = 100;

    /** How many threads one call for many records uses. */
    private static final int THREADS = 32;

    /** How long the sweep for left-over sessions may go by what a record said, at most. */
    private static final Duration LOOK_AGAIN = Duration.ofMinutes(10);

    /** By scope and path, the cluster time before which a record that was looked at cannot be left over. */
    private final Map<String, Map<String, Long>> quiet = new ConcurrentHashMap<>();

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
            IMap<String, SessionRecord> records,
            StoreCalls calls,
            Duration slack,
            ExecutorService threads,
            ScheduledExecutorService scheduler) {
        super(records, calls);
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
        return calls.await("session " + key, new Swap(key.path(), change, () -> records.get(key.path()), threads));
    }

    /**
     * The records are fetched together; each that changes is a compare-and-set of its own, on {@value #THREADS}
     * threads.
     */
    @Override
    public Map<SessionKey, Outcome> applyAll(Map<SessionKey, Change> changes, Map<SessionKey, SessionRecord> ahead) {
        Map<String, SessionRecord> guessed = new HashMap<>();
        Set<SessionKey> others = new HashSet<>();
        changes.forEach((key, change) -> {
            SessionRecord record = ahead.get(key);
            // If it is not the record any more, the compare-and-set will tell.
            if (record != null && withoutWrite(change, record).isEmpty()) {
                guessed.put(key.path(), record);
            } else {
                others.add(key);
            }
        });
        Optional<Map<String, SessionRecord>> found = find(others);
        Function<String, @Nullable SessionRecord> first = found.isPresent() ? found.get()::get : records::get;
        Lanes lanes = new Lanes(THREADS, threads);
        Map<SessionKey, Outcome> outcomes = new HashMap<>();
        Map<SessionKey, Swap> swaps = new HashMap<>();
        changes.forEach((key, change) -> {
            String path = key.path();
            SessionRecord guess = guessed.get(path);
            if (guess != null) {
                swaps.put(key, new Swap(path, change, () -> guess, lanes));
                return;
            }
            found.flatMap(known -> withoutWrite(change, known.get(path)))
                    .ifPresentOrElse(
                            outcome -> outcomes.put(key, outcome),
                            () -> swaps.put(key, new Swap(path, change, () -> first.apply(path), lanes)));
        });
        try {
            outcomes.putAll(calls.awaitAll(swaps));
            return outcomes;
        } finally {
            // Where one has failed, the caller has given up the others too.
            lanes.clear();
        }
    }

    @Override
    public Map<SessionKey, SessionRecord> readAhead(Set<SessionKey> keys) {
        Map<String, SessionRecord> found = find(keys).orElse(Map.of());
        Map<SessionKey, SessionRecord> ahead = new HashMap<>();
        keys.forEach(key -> {
            SessionRecord record = found.get(key.path());
            if (record != null) {
                ahead.put(key, record);
            }
        });
        return ahead;
    }

    /** Returns the answer to a change that leaves the record as it is. */
    private static Optional<Outcome> withoutWrite(Change change, @Nullable SessionRecord record) {
        Change.Step step = change.applyTo(record);
        SessionRecord next = step.next();
        return next == null || next.equals(record) ? Optional.of(step.outcome()) : Optional.empty();
    }

    /**
     * Returns the records of these sessions; nothing if one of them cannot be read, which must not keep the others from
     * it.
     */
    private Optional<Map<String, SessionRecord>> find(Set<SessionKey> keys) {
        if (keys.isEmpty()) {
            return Optional.of(Map.of());
        }
        Set<String> paths = keys.stream().map(SessionKey::path).collect(Collectors.toSet());
        try {
            return Optional.of(calls.get(keys.size() + " sessions", () -> records.getAll(paths)));
        } catch (StoreUnavailableException e) {
            if (e.getCause() instanceof HazelcastSerializationException) {
                return Optional.empty();
            }
            throw e;
        }
    }

    /** Runs one change; a second run knows that it is one. */
    private final class Swap implements Supplier<CompletableFuture<Outcome>> {
        private volatile long deadline;
        private final AtomicInteger runs = new AtomicInteger();
        private final String path;
        private final Change change;

        /** What the first run meets. */
        private final Supplier<@Nullable SessionRecord> first;

        private final Executor executor;

        Swap(String path, Change change, Supplier<@Nullable SessionRecord> first, Executor executor) {
            this.path = path;
            this.change = change;
            this.first = first;
            this.executor = executor;
        }

        @Override
        public CompletableFuture<Outcome> get() {
            boolean again = runs.getAndIncrement() > 0;
            return CompletableFuture.supplyAsync(() -> swap(again), executor);
        }

        private Outcome swap(boolean again) {
            boolean doubtful = again;
            if (!again) {
                // Perhaps it had to wait for its turn.
                deadline = System.nanoTime() + Grid.CALL_TIMEOUT.toNanos();
            }
            SessionRecord record = again ? records.get(path) : first.get();
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
    }

    private boolean put(String path, @Nullable SessionRecord record, SessionRecord next) {
        long timeToLiveMs = next.timeToLiveMs(slackMs);
        if (record == null) {
            return records.putIfAbsent(path, next, timeToLiveMs, TimeUnit.MILLISECONDS) == null;
        }
        if (next.state() == SessionRecord.State.ENDED) {
            // Comes after an end that was claimed, and so can only take the place of that or of
            // another tombstone. In one step with its time to live, which replace has no argument for.
            records.set(path, next, timeToLiveMs, TimeUnit.MILLISECONDS);
            lives.forget(path);
            return true;
        }
        if (!records.replace(path, record, next)) {
            return false;
        }
        lives.give(path, next);
        return true;
    }

    /**
     * Servers do not know what a session is, so its records come here to be looked at, some at a time, and again when
     * they may be left over, or after some minutes.
     */
    @Override
    public Collection<SessionKey> leftOver(String scope, long dueBefore, boolean every) {
        LeftOver question = new LeftOver(scope, dueBefore);
        List<String> paths = calls.get("sessions of " + scope, records::keySet).stream()
                .filter(question::isIn)
                .toList();
        Map<String, Long> before = every ? Map.of() : quiet.getOrDefault(scope, Map.of());
        Map<String, Long> now = new HashMap<>();
        List<SessionKey> found = new ArrayList<>();
        Set<String> some = new HashSet<>();
        for (String path : paths) {
            Long until = before.get(path);
            if (until != null && until > dueBefore) {
                now.put(path, until);
            } else {
                some.add(path);
            }
            if (some.size() == AT_A_TIME) {
                look(some, question, now, found);
                some.clear();
            }
        }
        look(some, question, now, found);
        quiet.put(scope, now);
        return found;
    }

    private void look(Set<String> paths, LeftOver question, Map<String, Long> now, List<SessionKey> found) {
        if (paths.isEmpty()) {
            return;
        }
        calls.get("sessions of " + question.scope(), () -> records.getAll(paths))
                .forEach((path, record) -> {
                    if (question.isLeftOver(record)) {
                        found.add(SessionKey.ofPath(question.scope(), path));
                    } else {
                        long latest = question.dueBefore()
                                + ThreadLocalRandom.current()
                                        .nextLong(LOOK_AGAIN.toMillis() / 2, LOOK_AGAIN.toMillis());
                        now.put(
                                path,
                                record.state() == SessionRecord.State.LIVE
                                        ? Math.min(record.deadline(), latest)
                                        : latest);
                    }
                });
    }
}
