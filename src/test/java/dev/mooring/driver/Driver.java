package dev.mooring.driver;

import dev.mooring.driver.Operation.Kind;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * One run against real nodes. Writers set attributes of sessions that they share, two to each attribute, each write a
 * request or a message of its own; right after the answer has come, many writes are looked for on another node. Readers
 * read all the time, the ids of the sessions change, and others make sessions of their own and end them. Meanwhile the
 * plan's faults happen. In the end every attribute is read in every way. Everything is recorded, and {@link Checker}
 * looks afterwards for what the records refute. The run prints one line of counts, and the shortest history of what it
 * found.
 */
final class Driver {
    /** For so long {@code sessionDestroyed} may run late, where a node died. */
    private static final Duration LEFT_OVER_LIMIT = Duration.ofSeconds(80);

    private static final Duration MOMENT = Duration.ofMillis(200);

    private final DriverCluster cluster;
    private final Plan plan;
    private final int firstSession;
    private final History history = new History();
    private final List<SharedSession> sessions = new ArrayList<>();
    private final List<Worker> writers = new ArrayList<>();
    private final List<Worker> readers = new ArrayList<>();
    private final List<Life> lives = new ArrayList<>();
    private final AtomicInteger writesLeft;
    private final CountDownLatch writersAtWork;

    private Driver(DriverCluster cluster, Plan plan) {
        this.cluster = cluster;
        this.plan = plan;
        this.firstSession = cluster.firstSessionOfNextRun();
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
        long start = System.nanoTime();
        double seconds;
        List<Window> windows;
        Worker renamer = null;
        try (Faults faults = cluster.breaks(plan)) {
            openSessions();
            int number = 0;
            for (int i = 0; i < plan.writers(); i++) {
                writers.add(new Worker(number++, cluster, sessions, plan, history));
            }
            for (int i = 0; i < plan.readers(); i++) {
                readers.add(new Worker(number++, cluster, sessions, plan, history));
            }
            for (int i = 0; i < plan.lives(); i++) {
                lives.add(new Life(i, firstSession, cluster, plan, history));
            }
            renamer = new Worker(number, cluster, sessions, plan, history);
            work(executor, faults, renamer);
            faults.awaitCalm();
            seconds = (System.nanoTime() - start) / 1e9;
            inParallel(executor, writers, (writer, worker) -> worker.verify(writer));
            renamer.verifyFormerIds();
            windows = faults.windows();
        } finally {
            executor.shutdownNow();
            writers.forEach(Worker::close);
            readers.forEach(Worker::close);
            lives.forEach(Life::close);
            if (renamer != null) {
                renamer.close();
            }
            if (!executor.awaitTermination(1, TimeUnit.MINUTES)) {
                throw new IllegalStateException("a worker does not end");
            }
        }
        List<Operation> operations = history.operations().stream()
                .sorted(Comparator.comparingLong(Operation::start))
                .toList();
        boolean live = plan.sockets() > 0;
        List<Violation> violations =
                new ArrayList<>(Checker.check(operations, windows, live ? destroyed(operations) : null));
        if (live) {
            try (Leavings leavings = Leavings.of(cluster)) {
                violations.addAll(leavings.violations(operations));
            }
        }
        var report = new Report(cluster.mode(), plan, operations, windows, violations, seconds);
        System.out.println(report);
        report.lines().forEach(System.out::println);
        return report;
    }

    private void openSessions() {
        Caller caller = new Caller(-1, cluster, plan, history);
        for (int number = 0; number < plan.sessions(); number++) {
            SharedSession session = caller.opens(firstSession + number);
            if (session == null) {
                throw new IllegalStateException("no session was opened");
            }
            sessions.add(session);
        }
        caller.close();
    }

    private void work(ExecutorService executor, Faults faults, Worker renamer) throws Exception {
        inParallel(executor, writers, (writer, worker) -> worker.open());
        inParallel(executor, readers, (reader, worker) -> worker.open());
        // One on each node, so that there is always one who knows the id.
        renamer.open(DriverCluster.NODES);
        faults.begin();
        List<Future<Void>> done = new ArrayList<>();
        done.addAll(begin(executor, writers, (writer, worker) -> {
            try {
                while (writesLeft.getAndDecrement() > 0 || !faults.areOver()) {
                    worker.write(writer);
                }
            } finally {
                writersAtWork.countDown();
            }
        }));
        done.addAll(begin(executor, readers, (reader, worker) -> {
            while (writersAtWork.getCount() > 0) {
                worker.read();
            }
        }));
        done.addAll(begin(executor, lives, (life, owner) -> {
            while (writersAtWork.getCount() > 0) {
                owner.live(executor);
            }
        }));
        done.addAll(begin(executor, List.of(renamer), (one, worker) -> {
            while (!writersAtWork.await(plan.idChanges().toNanos(), TimeUnit.NANOSECONDS)) {
                worker.changeId();
            }
        }));
        await(done);
    }

    /** Waits until every session that was ended has been destroyed somewhere, or has had time enough. */
    private Map<Integer, Checker.Destroyed> destroyed(List<Operation> operations) {
        Set<Integer> ended = operations.stream()
                .filter(operation ->
                        (operation.kind() == Kind.END || operation.kind() == Kind.EXPIRY) && operation.ok())
                .map(Operation::session)
                .collect(Collectors.toCollection(TreeSet::new));
        long deadline = System.nanoTime() + LEFT_OVER_LIMIT.toNanos();
        Map<Integer, Checker.Destroyed> destroyed = cluster.destroyed();
        while (!destroyed.keySet().containsAll(ended) && System.nanoTime() - deadline < 0) {
            LockSupport.parkNanos(MOMENT.toNanos());
            destroyed = cluster.destroyed();
        }
        return destroyed;
    }

    @FunctionalInterface
    private interface Task<W> {
        void run(int number, W worker) throws Exception;
    }

    private static <W> void inParallel(ExecutorService executor, List<W> workers, Task<W> task) throws Exception {
        await(begin(executor, workers, task));
    }

    private static <W> List<Future<Void>> begin(ExecutorService executor, List<W> workers, Task<W> task) {
        var begun = new ArrayList<Future<Void>>();
        for (int i = 0; i < workers.size(); i++) {
            int number = i;
            Callable<Void> work = () -> {
                task.run(number, workers.get(number));
                return null;
            };
            begun.add(executor.submit(work));
        }
        return begun;
    }

    private static void await(List<Future<Void>> begun) throws InterruptedException {
        @Nullable Throwable failure = null;
        for (Future<Void> done : begun) {
            try {
                done.get();
            } catch (ExecutionException e) {
                failure = e.getCause();
            }
        }
        if (failure != null) {
            throw new IllegalStateException("a worker failed", failure);
        }
    }
}
