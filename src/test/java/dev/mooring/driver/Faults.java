package dev.mooring.driver;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.mooring.driver.Window.Fault;
import dev.mooring.nodes.HazelcastServer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Breaks what the plan says, one thing after the other, and writes down when. One thread of its own. */
final class Faults implements AutoCloseable {
    /** How long all is well before something is broken. */
    private static final Duration CALM = Duration.ofSeconds(3);

    /** How long a killed process stays dead. */
    private static final Duration DEAD = Duration.ofSeconds(2);

    /** How long the others may feel what was broken after it is whole again. */
    private static final Duration RECOVERY = Duration.ofSeconds(5);

    /** The same after others have given a member up, and it comes back by a merge. */
    private static final Duration MERGE = Duration.ofSeconds(20);

    private static final Duration PAUSE = Duration.ofSeconds(3);
    private static final Duration LONG_PAUSE = Duration.ofSeconds(20);

    private final DriverCluster cluster;
    private final Random random;
    private final List<Fault> planned;
    private final Set<Integer> away = ConcurrentHashMap.newKeySet();
    private final CountDownLatch closed = new CountDownLatch(1);
    private final ScheduledExecutorService executor =
            Executors.newSingleThreadScheduledExecutor(task -> new Thread(task, "mooring-driver-faults"));

    @GuardedBy("this")
    private final List<Window> windows = new ArrayList<>();

    @GuardedBy("this")
    private @Nullable Throwable failure;

    @GuardedBy("this")
    private int left;

    @GuardedBy("this")
    private boolean calm = true;

    Faults(DriverCluster cluster, Plan plan) {
        this.cluster = cluster;
        this.random = new Random(plan.seed());
        this.planned = plan.faults();
        this.left = planned.size();
    }

    /** Begins with the first fault, when it has been calm for a while. */
    void begin() {
        planned.forEach(fault -> executor.execute(() -> run(fault)));
    }

    /** Whether this node is broken on purpose just now. */
    boolean isAway(int node) {
        return away.contains(node);
    }

    /** Whether everything has been broken that was to be. */
    synchronized boolean areOver() {
        return left == 0;
    }

    /** Waits until nothing is broken. */
    synchronized void awaitCalm() throws InterruptedException {
        while (!calm) {
            wait();
        }
    }

    /** What has been broken so far, and when. */
    synchronized List<Window> windows() {
        return List.copyOf(windows);
    }

    private void run(Fault fault) {
        try {
            pause(CALM);
            setCalm(false);
            long start = System.nanoTime();
            int node = random.nextInt(DriverCluster.NODES);
            int target = fault.isOfAServer() ? -1 : node;
            try {
                breakIt(fault, node);
            } finally {
                away.clear();
            }
            Duration recovery = fault == Fault.LONG_PAUSE || fault == Fault.LONG_PAUSE_SERVER ? MERGE : RECOVERY;
            add(new Window(fault, target, start, System.nanoTime() + recovery.toNanos()));
            pause(recovery);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException e) {
            synchronized (this) {
                failure = e;
            }
        } finally {
            setCalm(true);
        }
    }

    private void breakIt(Fault fault, int node) throws InterruptedException {
        switch (fault) {
            case KILL -> {
                away.add(node);
                cluster.kill(node);
                pause(DEAD);
                cluster.restart(node);
            }
            case KILL_TWO -> {
                int other = (node + 1) % DriverCluster.NODES;
                away.addAll(Set.of(node, other));
                cluster.kill(node);
                cluster.kill(other);
                pause(DEAD);
                cluster.restart(node);
                cluster.restart(other);
            }
            case PAUSE, LONG_PAUSE -> {
                away.add(node);
                cluster.node(node).suspend();
                try {
                    pause(fault == Fault.PAUSE ? PAUSE : LONG_PAUSE);
                } finally {
                    cluster.node(node).resume();
                }
            }
            case RESTART -> {
                away.add(node);
                cluster.node(node).stop();
                cluster.restart(node);
            }
            case KILL_SERVER -> {
                int server = random.nextInt(cluster.servers().size());
                cluster.servers().get(server).kill();
                pause(DEAD);
                cluster.restartServer(server);
            }
            case PAUSE_SERVER, LONG_PAUSE_SERVER -> {
                HazelcastServer server =
                        cluster.servers().get(random.nextInt(cluster.servers().size()));
                server.suspend();
                try {
                    pause(fault == Fault.PAUSE_SERVER ? PAUSE : LONG_PAUSE);
                } finally {
                    server.resume();
                }
            }
        }
    }

    private synchronized void add(Window window) {
        windows.add(window);
    }

    private synchronized void setCalm(boolean now) {
        calm = now;
        left -= now ? 1 : 0;
        notifyAll();
    }

    private void pause(Duration length) throws InterruptedException {
        if (closed.await(length.toMillis(), TimeUnit.MILLISECONDS)) {
            throw new InterruptedException("the run is over");
        }
    }

    /** Returns when all nodes run. */
    @Override
    public void close() throws InterruptedException {
        closed.countDown();
        executor.shutdown();
        if (!executor.awaitTermination(2, TimeUnit.MINUTES)) {
            throw new IllegalStateException("something is broken still");
        }
        synchronized (this) {
            if (failure != null) {
                throw new IllegalStateException("something could not be broken, or mended", failure);
            }
        }
    }
}
