package dev.mooring.driver;

import dev.mooring.nodes.JettyNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;

/**
 * One run against real nodes. Writers set attributes of sessions that they share, each attribute its own writer, each write a request
 * or a message of its own; right after the answer has come, many writes are looked for on another node. Readers read all the time.
 * Meanwhile the ids of the sessions change. In the end every attribute is read in every way. The run prints one line of counts.
 */
final class Driver {
    private final DriverCluster cluster;
    private final Plan plan;
    private final Report report;
    private final List<SharedSession> sessions = new ArrayList<>();
    private final List<Worker> workers = new ArrayList<>();
    private final AtomicInteger writesLeft;
    private final CountDownLatch writersAtWork;

    private Driver(DriverCluster cluster, Plan plan) {
        this.cluster = cluster;
        this.plan = plan;
        this.report = new Report(cluster.mode(), plan);
        this.writesLeft = new AtomicInteger(plan.writes());
        this.writersAtWork = new CountDownLatch(plan.writers());
    }

    /** Runs the plan and returns what it found. Blocks for as long as it takes. */
    static Report run(DriverCluster cluster, Plan plan) throws Exception {
        return new Driver(cluster, plan).run();
    }

    private Report run() throws Exception {
        var threads = new AtomicInteger();
        ExecutorService executor =
                Executors.newCachedThreadPool(task -> new Thread(task, "mooring-driver-" + threads.incrementAndGet()));
        try {
            openSessions();
            for (int number = 0; number < plan.writers() + plan.readers() + 1; number++) {
                workers.add(new Worker(number, cluster.nodes(), sessions, plan, report));
            }
            inParallel(executor, workers.subList(0, workers.size() - 1), (number, worker) -> worker.open());
            inParallel(executor, workers, this::work);
            report.worked();
            inParallel(executor, workers.subList(0, plan.writers()), (writer, worker) -> worker.verify(writer));
            workers.get(workers.size() - 1).verifyFormerIds();
        } finally {
            executor.shutdownNow();
            for (Worker worker : workers) {
                worker.close();
            }
            if (!executor.awaitTermination(1, TimeUnit.MINUTES)) {
                throw new IllegalStateException("a worker does not end: " + report);
            }
            System.out.println(report);
            report.lines().forEach(System.out::println);
        }
        return report;
    }

    private void openSessions() throws IOException {
        for (int number = 0; number < plan.sessions(); number++) {
            JettyNode node = cluster.nodes().get(number % DriverCluster.NODES);
            try (var line = new HttpLine(node)) {
                String cookie = line.say("open", null).cookie();
                if (cookie == null) {
                    throw new IOException(node.name() + " opened no session");
                }
                sessions.add(new SharedSession(number, cookie, plan.writers()));
            }
        }
    }

    /** The first workers write, the next ones read, the last one changes ids. */
    private void work(int number, Worker worker) throws InterruptedException {
        if (number < plan.writers()) {
            try {
                while (writesLeft.getAndDecrement() > 0) {
                    worker.write(number);
                }
            } finally {
                writersAtWork.countDown();
            }
        } else if (number < plan.writers() + plan.readers()) {
            while (writersAtWork.getCount() > 0) {
                worker.read();
            }
        } else {
            while (!writersAtWork.await(plan.idChanges().toNanos(), TimeUnit.NANOSECONDS)) {
                worker.changeId();
            }
        }
    }

    @FunctionalInterface
    private interface Task {
        void run(int number, Worker worker) throws Exception;
    }

    private static void inParallel(ExecutorService executor, List<Worker> workers, Task task) throws Exception {
        List<Callable<Void>> tasks = IntStream.range(0, workers.size())
                .<Callable<Void>>mapToObj(number -> () -> {
                    task.run(number, workers.get(number));
                    return null;
                })
                .toList();
        for (Future<Void> done : executor.invokeAll(tasks)) {
            try {
                done.get();
            } catch (ExecutionException failure) {
                throw new IllegalStateException("a worker failed", failure.getCause());
            }
        }
    }
}
