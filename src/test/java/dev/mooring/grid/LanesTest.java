package dev.mooring.grid;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class LanesTest {
    private static final int WIDTH = 3;
    private static final int THREADS = 4;
    private static final int TASKS = 20_000;

    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final AtomicInteger running = new AtomicInteger();
    private final AtomicInteger most = new AtomicInteger();
    private final AtomicInteger done = new AtomicInteger();
    private final Lanes lanes = new Lanes(WIDTH, threads);

    @AfterEach
    void stop() {
        threads.shutdownNow();
    }

    private void work() {
        most.accumulateAndGet(running.incrementAndGet(), Math::max);
        running.decrementAndGet();
        done.incrementAndGet();
    }

    @Test
    void leaveNothingUndoneThatIsAddedWhileTheyClose() throws Exception {
        CyclicBarrier start = new CyclicBarrier(THREADS);
        for (int i = 0; i < THREADS; i++) {
            threads.execute(() -> {
                meet(start);
                for (int task = 0; task < TASKS; task++) {
                    lanes.execute(this::work);
                }
            });
        }

        await().atMost(10, TimeUnit.SECONDS).until(() -> done.get() == THREADS * TASKS);
        assertThat(most.get()).isBetween(1, WIDTH);
    }

    @Test
    void goOnWhereATaskFails() {
        for (int i = 0; i < WIDTH; i++) {
            lanes.execute(() -> {
                throw new IllegalStateException("expected by the test");
            });
            lanes.execute(() -> {
                throw new LinkageError("expected by the test");
            });
        }
        lanes.execute(this::work);

        await().atMost(10, TimeUnit.SECONDS).until(() -> done.get() == 1);
    }

    private static void meet(CyclicBarrier barrier) {
        try {
            barrier.await(10, TimeUnit.SECONDS);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }
}
