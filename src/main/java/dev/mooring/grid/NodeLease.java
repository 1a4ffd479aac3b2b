package dev.mooring.grid;

import com.hazelcast.map.IMap;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * This node's row in the map of nodes, and the lease that it gives.
 *
 * <p>A node that holds a copy of a session is told of each write, and the writer waits for its answer. What if there is
 * none? The node may be dead, paused, or cut off, and must not go on reading its copy. So each node renews a row every
 * {@link #RENEWAL}; its lease runs for {@link #TERM} from the moment the last successful renewal was <em>sent</em>, by
 * its own {@code nanoTime}. A read looks at the lease first and goes to the cluster when it has lapsed. A writer
 * without an answer fences the row, see {@link Peers}. The node meets the mark at its next renewal and takes a new
 * epoch, in which none of its copies counts as current. It takes one without touching its row, too, where it has reason
 * to {@linkplain #distrust distrust} them.
 *
 * <p>Thread-safe. {@link #epoch()} reads one volatile field; what blocks says so.
 */
public final class NodeLease {

    /** How often the row is renewed. */
    static final Duration RENEWAL = Duration.ofMillis(300);

    /** How long a renewal lasts, and how long a writer waits for an answer. */
    static final Duration TERM = Duration.ofSeconds(1);

    /** How long the lease may have lapsed before the log speaks of it: a member's death holds it up for a moment. */
    private static final Duration OUTAGE = Duration.ofSeconds(3);

    private static final Logger LOG = LoggerFactory.getLogger(NodeLease.class);

    private final String node;
    private final IMap<String, NodeRow> rows;
    private final StoreCalls calls;
    private final AtomicLong epochs = new AtomicLong();

    /** Written under this object's monitor, with the newest of {@link #epochs}; whoever reads it needs no lock. */
    private volatile Lease lease = Lease.lapsed();

    /** The row as this node wrote it last; only the renewing thread uses it. */
    private NodeRow row = new NodeRow(NodeRow.FIRST_EPOCH, 0, false);

    /** Whether the log says that the lease has lapsed; only the renewing thread uses it. */
    private boolean lapseReported;

    /** Counts the times that the cluster has been put together from two. */
    private final AtomicLong merges = new AtomicLong();

    /** Those after which this node has taken a new epoch; only the renewing thread uses it. */
    private long mergesMet;

    private final List<Runnable> epochListeners = new CopyOnWriteArrayList<>();

    private volatile Runnable onBack = () -> {};

    NodeLease(String node, IMap<String, NodeRow> rows, StoreCalls calls) {
        this.node = node;
        this.rows = rows;
        this.calls = calls;
    }

    /** Registers the row and starts to renew it. Blocks until the row is there. */
    void start(ScheduledExecutorService scheduler) {
        long sent = System.nanoTime();
        calls.await("node " + node, () -> rows.setAsync(node, row));
        startEpoch(sent + TERM.toNanos());
        every(RENEWAL, RENEWAL, scheduler, this::renew);
    }

    static void every(Duration first, Duration period, ScheduledExecutorService scheduler, Runnable task) {
        Future<?> unused =
                scheduler.scheduleWithFixedDelay(task, first.toMillis(), period.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** Removes the row; the copies of this node count no longer. Blocks. */
    void stop() {
        startEpoch(System.nanoTime());
        calls.await("node " + node, () -> rows.deleteAsync(node));
    }

    /**
     * Returns the epoch in which a copy must have been validated to be read without asking. Does not block.
     *
     * @return the epoch; -1, which is no copy's epoch, while the lease has lapsed
     */
    public long epoch() {
        return lease.epochAt(System.nanoTime());
    }

    /**
     * Sets who is told that this node was given up and is about to come back; called on a grid thread, may block for a
     * short while. Where it throws, this node does not come back yet.
     */
    void onBack(Runnable listener) {
        onBack = listener;
    }

    /** The cluster was split and is one again: nothing that was known before need be true. Does not block. */
    void merged() {
        merges.incrementAndGet();
    }

    /** What this node knows may not be all, or not be true any more: no copy counts as current. Does not block. */
    void distrust() {
        startEpoch(lease.until());
    }

    /**
     * Has something run whenever a new epoch has begun: no copy counts as current then.
     *
     * @param listener run on a thread of the grid; must not block
     */
    public void onEpoch(Runnable listener) {
        epochListeners.add(listener);
    }

    /**
     * Undoes {@link #onEpoch}.
     *
     * @param listener the listener
     */
    public void removeEpochListener(Runnable listener) {
        epochListeners.remove(listener);
    }

    private void renew() {
        try {
            long sent = System.nanoTime();
            NodeRow next = row.renewed();
            calls.check();
            boolean renewed = mergesMet == merges.get() && rows.replace(node, row, next);
            calls.check();
            if (renewed) {
                row = next;
                extend(sent);
            } else {
                comeBack();
            }
        } catch (RuntimeException | Error e) {
            // The boundary of a grid thread: one that throws is never run again. A server passes on even its errors.
            LOG.debug("Node {}: row not renewed", node, e);
            if (System.nanoTime() - lease.until() > OUTAGE.toNanos() && !lapseReported) {
                lapseReported = true;
                LOG.warn("Node {}: the session store cannot be reached: {}", node, e.toString());
            }
        }
    }

    private void startEpoch(long until) {
        synchronized (this) {
            lease = new Lease(epochs.incrementAndGet(), until);
        }
        epochListeners.forEach(Runnable::run);
    }

    private void extend(long sent) {
        synchronized (this) {
            lease = new Lease(epochs.get(), sent + TERM.toNanos());
        }
        if (lapseReported) {
            lapseReported = false;
            LOG.info("Node {}: the session store is reached again", node);
        }
    }

    private void comeBack() {
        long sent = System.nanoTime();
        long met = merges.get();
        NodeRow found = rows.get(node);
        if (met == mergesMet && found != null && found.isRenewalOf(row)) {
            // An earlier renewal arrived although its answer did not. No one gave this node up.
            row = found;
            return;
        }
        // Gone, fenced, older than it was, or of an epoch that this node does not know of, since the answer
        // to its return was lost: it was given up, or the cluster has lost what it knew, in each case.
        onBack.run();
        NodeRow next = (found == null ? row : found).nextEpoch();
        boolean back = found == null ? rows.putIfAbsent(node, next) == null : rows.replace(node, found, next);
        if (back) {
            if (found == null) {
                // Somebody may have cleaned up after this node, until it could put its row there, and not after.
                onBack.run();
            }
            row = next;
            mergesMet = met;
            // The row's new epoch first, the lease's after it: a writer that sees the row tells this node from then on,
            // and what was written before it is found by the refresh that each copy needs in a new epoch.
            startEpoch(sent);
            extend(sent);
            LOG.info("Node {} is back after it could not be reached; its copies are read again", node);
        }
    }
}
