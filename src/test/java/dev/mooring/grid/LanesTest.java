package dev.mooring.grid;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
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
    private final Queue<Runnable> waiting = new ConcurrentLinkedQueue<>();
    private final AtomicInteger running = new AtomicInteger();
    private final AtomicInteger most = new AtomicInteger();
    private final AtomicInteger done = new AtomicInteger();
    private final Lanes lanes = new Lanes(WIDTH, threads, () -> !waiting.isEmpty(), this::runNext);

    @AfterEach
    void stop() {
        threads.shutdownNow();
    }

    private void runNext() {
        Runnable next = waiting.poll();
        if (next != null) {
            next.run();
        }
    }

    private void add(Runnable task) {
        waiting.add(task);
        lanes.open();
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
                    add(this::work);
                }
            });
        }

        await().atMost(10, TimeUnit.SECONDS).until(() -> done.get() == THREADS * TASKS);
        assertThat(most.get()).isBetween(1, WIDTH);
        assertThat(waiting).isEmpty();
    }

    @Test
    void takeNoThreadWhereNothingWaits() {
        AtomicInteger taken = new AtomicInteger();
        Lanes idle = new Lanes(WIDTH, task -> taken.incrementAndGet(), () -> !waiting.isEmpty(), this::runNext);

        idle.open();
        assertThat(taken).hasValue(0);

        waiting.add(this::work);
        idle.open();
        assertThat(taken).hasValue(1);
    }

    @Test
    void areNotLostToAnError() {
        for (int i = 0; i < 2 * WIDTH; i++) {
            add(() -> {
                throw new LinkageError("expected by the test");
            });
        }

        await().dontCatchUncaughtExceptions().atMost(10, TimeUnit.SECONDS).until(() -> {
            add(this::work);
            return done.get() > 2 * WIDTH;
        });
    }

    @Test
    void goOnWhereATaskFails() {
        for (int i = 0; i < 2 * WIDTH; i++) {
            add(() -> {
                throw new IllegalStateException("expected by the test");
            });
        }
        add(this::work);

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
