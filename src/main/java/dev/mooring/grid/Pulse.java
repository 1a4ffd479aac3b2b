package dev.mooring.grid;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import com.hazelcast.cluster.Address;
import com.hazelcast.cluster.Member;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.core.LifecycleEvent;
import com.hazelcast.core.LifecycleEvent.LifecycleState;
import com.hazelcast.core.LifecycleService;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Knows when a member's own Hazelcast cannot be believed.
 *
 * <p>A process that stood still for so long that the others have given its member up is, awake again, a cluster of its
 * own for some seconds: its Hazelcast answers from copies as they were, and confirms writes that nobody else sees. And
 * a member that merges has none of its records from the moment it joins the others until it has handed over its own. So
 * a call to the cluster counts only if it was made and answered without doubt, and there is doubt from a standstill on
 * until the member has merged, or the others have all been members for a while.
 *
 * <p>Thread-safe. One thread of its own, which never calls the cluster; {@link #check} reads volatile fields.
 */
final class Pulse {

    private static final Duration BEAT = Duration.ofMillis(100);

    private static final String HEARTBEAT_LIMIT = "hazelcast.max.no.heartbeat.seconds";
    private static final int DEFAULT_HEARTBEAT_LIMIT = 60;

    private static final Logger LOG = LoggerFactory.getLogger(Pulse.class);

    private final HazelcastInstance hazelcast;

    /** The others give a member up when it has been silent for a little longer. */
    private final Duration standstill;

    private final Thread thread;
    private final UUID lifecycleListener;
    private volatile Runnable onMerge = () -> {};

    /** {@link System#nanoTime()} at which this process was seen to run; written under the monitor. */
    private volatile long beat = System.nanoTime();

    /** The addresses of the other members when there was no doubt last. */
    @GuardedBy("this")
    private Set<Address> others;

    /** Begins when the process wakes from a standstill; null while there is none. Written under the monitor. */
    private volatile @Nullable Doubt doubt;

    /** From the moment a merge begins until it is done. */
    private volatile boolean merging;

    private Pulse(HazelcastInstance hazelcast) {
        this.hazelcast = hazelcast;
        String limit = hazelcast.getConfig().getProperty(HEARTBEAT_LIMIT);
        this.standstill = Duration.ofSeconds(limit == null ? DEFAULT_HEARTBEAT_LIMIT : Integer.parseInt(limit))
                .multipliedBy(4)
                .dividedBy(5);
        this.others = othersNow();
        this.lifecycleListener = hazelcast.getLifecycleService().addLifecycleListener(this::changed);
        this.thread = new Thread(this::run, "mooring-pulse");
        thread.setDaemon(true);
    }

    static Pulse start(HazelcastInstance hazelcast) {
        Pulse pulse = new Pulse(hazelcast);
        pulse.thread.start();
        return pulse;
    }

    /** Stops the thread, and listens no more. */
    void stop() {
        thread.interrupt();
        LifecycleService service = hazelcast.getLifecycleService();
        if (service.isRunning()) {
            service.removeLifecycleListener(lifecycleListener);
        }
    }

    /**
     * Sets what is told of a merge, and of the end of a doubt, before the cluster is believed again; it must not block.
     */
    void onMerge(Runnable listener) {
        onMerge = listener;
    }

    /**
     * Asked before and after each call to the cluster. Does not block.
     *
     * @throws StoreUnavailableException if an answer of the cluster cannot be believed
     */
    void check() {
        if (System.nanoTime() - beat > standstill.toNanos()) {
            // Awake before the thread of the pulse is.
            beat();
        }
        if (merging || doubt != null) {
            throw new StoreUnavailableException(
                    "the session store, Hazelcast cluster "
                            + hazelcast.getConfig().getClusterName()
                            + (merging
                                    ? ", is being merged with another part of it"
                                    : ", has not counted this node in again, which stood still for more than "
                                            + standstill.toSeconds() + " s"),
                    null);
        }
    }

    /** Notes that the process runs, and whether it has not for too long. */
    private synchronized void beat() {
        long now = System.nanoTime();
        if (now - beat > standstill.toNanos()) {
            doubt = new Doubt(now);
        }
        // Only now, so that nobody sees a new beat without the doubt.
        beat = now;
    }

    private void run() {
        while (!Thread.interrupted()) {
            LockSupport.parkNanos(BEAT.toNanos());
            try {
                Set<Address> present = othersNow();
                // After the look: what was seen after a standstill is not what was there before it.
                beat();
                look(present);
            } catch (RuntimeException e) {
                // The boundary of our thread; an instance that stops has no members to tell of.
                LOG.debug("Members not seen", e);
            }
        }
    }

    private void look(Set<Address> present) {
        Doubt now = doubt;
        Optional<String> over;
        synchronized (this) {
            if (now == null) {
                others = present;
                return;
            }
            over = others.isEmpty()
                    ? Optional.of("there is nobody else")
                    : now.over(present.containsAll(others), System.nanoTime());
        }
        over.ifPresent(reason -> believe(now, reason));
    }

    private void changed(LifecycleEvent event) {
        if (event.getState() == LifecycleState.MERGING) {
            merging = true;
        } else if (event.getState() == LifecycleState.MERGED) {
            Doubt now = doubt;
            if (now == null) {
                onMerge.run();
            } else {
                believe(now, "it has merged with the others");
            }
            merging = false;
        } else if (event.getState() == LifecycleState.MERGE_FAILED) {
            merging = false;
        }
    }

    /** Ends the doubt of a standstill, unless there was another one meanwhile. */
    private void believe(Doubt over, String reason) {
        onMerge.run();
        synchronized (this) {
            if (doubt != over) {
                return;
            }
            doubt = null;
        }
        LOG.info(
                "This node stood still and was silent to the others; {}, and it answers again after {} ms",
                reason,
                over.age().toMillis());
    }

    private Set<Address> othersNow() {
        return hazelcast.getCluster().getMembers().stream()
                .filter(member -> !member.localMember())
                .map(Member::getAddress)
                .collect(Collectors.toUnmodifiableSet());
    }
}
