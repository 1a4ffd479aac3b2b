package dev.mooring.session;

import dev.mooring.model.Change;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAccumulator;
import java.util.concurrent.atomic.LongAdder;

/** What this node has asked of the cluster for its sessions, counted since the start. Thread-safe; nothing blocks. */
public final class Figures {

    private final Calls loads = new Calls();
    private final Calls reloads = new Calls();
    private final Calls writes = new Calls();
    private final LongAdder conflicts = new LongAdder();
    private final LongAdder storeFailures = new LongAdder();

    /** Starts at zero. */
    public Figures() {}

    /** One kind of call: how many were answered, and how long that took. */
    public static final class Calls {

        private final LongAdder count = new LongAdder();
        private final LongAdder nanos = new LongAdder();
        private final LongAccumulator longest = new LongAccumulator(Math::max, 0);

        private Calls() {}

        private void add(long elapsedNanos) {
            count.increment();
            nanos.add(elapsedNanos);
            longest.accumulate(elapsedNanos);
        }

        /**
         * Returns how many were answered.
         *
         * @return a count
         */
        public long count() {
            return count.sum();
        }

        /**
         * Returns how long the answer took on average.
         *
         * @return microseconds; 0 before the first
         */
        public long meanMicros() {
            long calls = count.sum();
            return calls == 0 ? 0 : TimeUnit.NANOSECONDS.toMicros(nanos.sum() / calls);
        }

        /**
         * Returns how long the slowest answer took.
         *
         * @return microseconds; 0 before the first
         */
        public long maxMicros() {
            return TimeUnit.NANOSECONDS.toMicros(longest.get());
        }

        @Override
        public String toString() {
            return count() + " (mean " + meanMicros() + " us, max " + maxMicros() + " us)";
        }
    }

    /** A change was answered. */
    void answered(Change change, long elapsedNanos) {
        if (change instanceof Change.Join join) {
            (join.since() == 0 ? loads : reloads).add(elapsedNanos);
        } else if (change instanceof Change.Delta) {
            writes.add(elapsedNanos);
        }
    }

    /** A change of this node met one of another node that its copy had not. */
    void conflict() {
        conflicts.increment();
    }

    /** The cluster did not confirm. */
    void storeFailure() {
        storeFailures.increment();
    }

    /**
     * Returns the loads of whole sessions.
     *
     * @return the same object each time, which goes on counting
     */
    public Calls loads() {
        return loads;
    }

    /**
     * Returns the reads of what other nodes have changed in sessions that this node holds.
     *
     * @return the same object each time, which goes on counting
     */
    public Calls reloads() {
        return reloads;
    }

    /**
     * Returns the writes.
     *
     * @return the same object each time, which goes on counting
     */
    public Calls writes() {
        return writes;
    }

    /**
     * Returns how many writes met a change of another node that this node's copy had not. Both are kept.
     *
     * @return a count
     */
    public long conflicts() {
        return conflicts.sum();
    }

    /**
     * Returns how many calls the cluster did not confirm.
     *
     * @return a count
     */
    public long storeFailures() {
        return storeFailures.sum();
    }
}
