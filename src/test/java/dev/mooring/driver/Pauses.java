package dev.mooring.driver;

import dev.mooring.nodes.JettyNode;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** Suspends one node after the other until it is closed, as a long pause of a machine would. One thread of its own. */
final class Pauses implements AutoCloseable {
    private static final long BETWEEN_SECONDS = 5;

    private final List<JettyNode> nodes;
    private final Duration length;
    private final Random random;
    private final CountDownLatch closed = new CountDownLatch(1);
    private final ScheduledExecutorService executor =
            Executors.newSingleThreadScheduledExecutor(task -> new Thread(task, "mooring-driver-pauses"));

    /** Suspends any of the nodes, each time for so long. */
    Pauses(List<JettyNode> nodes, Duration length, long seed) {
        this.nodes = nodes;
        this.length = length;
        this.random = new Random(seed);
        executor.scheduleWithFixedDelay(this::pause, BETWEEN_SECONDS, BETWEEN_SECONDS, TimeUnit.SECONDS);
    }

    private void pause() {
        JettyNode node = nodes.get(random.nextInt(nodes.size()));
        node.suspend();
        try {
            closed.await(length.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        } finally {
            node.resume();
        }
    }

    /** Returns when all nodes run. */
    @Override
    public void close() throws InterruptedException {
        closed.countDown();
        executor.shutdown();
        if (!executor.awaitTermination(1, TimeUnit.MINUTES)) {
            throw new IllegalStateException("a node is not resumed");
        }
    }
}
