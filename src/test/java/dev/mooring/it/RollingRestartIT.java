package dev.mooring.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Three nodes are restarted one by one while people use the sessions: nobody is logged out, and no count is lost. Each
 * node is taken out of the balancing before it stops, as an operator does.
 */
class RollingRestartIT {
    private static final Logger LOG = LoggerFactory.getLogger(RollingRestartIT.class);
    private static final String ENVIRONMENT = "ee11";
    private static final int NODES = 3;
    private static final int PEOPLE = 4;

    /** People read it for each request; a node is taken out under the write lock, so that nobody is on it any more. */
    private final ReentrantReadWriteLock balancing = new ReentrantReadWriteLock();

    private final AtomicInteger out = new AtomicInteger(-1);
    private volatile boolean over;
    private NodeCluster cluster;

    @Tag("stress")
    @Test
    void ofMembersLosesNothing() throws Exception {
        restartAll(Mode.MEMBERS);
    }

    @Tag("stress")
    @Test
    void ofClientsLosesNothing() throws Exception {
        restartAll(Mode.CLIENTS);
    }

    private void restartAll(Mode mode) throws Exception {
        long seed = System.nanoTime();
        var dice = new Random(seed);
        LOG.info("Rolling restart, {}, seed {}", mode, seed);
        cluster = LiveWar.onNodes("rolling", NODES, mode);
        ExecutorService people = Executors.newCachedThreadPool();
        try (NodeCluster nodes = cluster) {
            Browser idle = cluster.newBrowser();
            idle.says(on(0), "open idle");
            List<CompletableFuture<Integer>> counts = new ArrayList<>();
            for (int i = 0; i < PEOPLE; i++) {
                long fate = dice.nextLong();
                counts.add(CompletableFuture.supplyAsync(() -> count(new Random(fate)), people));
            }
            for (int node = 0; node < NODES; node++) {
                takeOut(node);
                cluster.stop(node);
                cluster.restart(node);
                takeOut(-1);
            }
            over = true;
            int sum = 0;
            for (CompletableFuture<Integer> count : counts) {
                sum += count.get(1, TimeUnit.MINUTES);
            }
            LOG.info("{} counts while {} nodes were restarted", sum, NODES);
            assertThat(sum).isGreaterThan(NODES * PEOPLE);
            for (int node = 0; node < NODES; node++) {
                assertThat(idle.says(on(node), "get who")).isEqualTo("idle");
                assertThat(cluster.newBrowser().says(on(node), "journal destroyed "))
                        .isEmpty();
            }
        } finally {
            over = true;
            people.shutdown();
        }
        cluster.logs().passes(List.of(on(0).path()));
    }

    /** Counts by requests to any node that is in, until the restarts are over; returns the last count. */
    private int count(Random fate) {
        Browser browser = cluster.newBrowser();
        onAnyNode(fate, node -> browser.says(node, "open counter"));
        int count = 0;
        while (!over) {
            String answer = onAnyNode(fate, node -> browser.says(node, "add n"));
            count++;
            assertThat(answer).isEqualTo(String.valueOf(count));
        }
        return count;
    }

    private interface Visit {
        String to(LiveWar node);
    }

    private String onAnyNode(Random fate, Visit visit) {
        balancing.readLock().lock();
        try {
            int node = fate.nextInt(NODES);
            return visit.to(on(node == out.get() ? (node + 1) % NODES : node));
        } finally {
            balancing.readLock().unlock();
        }
    }

    private void takeOut(int node) {
        balancing.writeLock().lock();
        try {
            out.set(node);
        } finally {
            balancing.writeLock().unlock();
        }
    }

    private LiveWar on(int node) {
        return new LiveWar(cluster.node(node), ENVIRONMENT);
    }
}
