package dev.mooring.grid;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Makes the daemon threads of pools that grow when somebody needs one more. A thread takes over from the one that makes
 * it the context class loader, the inheritable thread-locals and, up to Java 23, the protection domains of all code on
 * the stack: made by a request, it would keep the classes of that web application for as long as the pool keeps it. So
 * a thread that has never met one makes them all. Thread-safe; blocks for no longer than that takes.
 */
final class OwnThreads implements ThreadFactory {

    private static final ExecutorService MAKER = maker();

    private final AtomicInteger count = new AtomicInteger();
    private final String prefix;

    /** @param prefix of the names, a number follows */
    OwnThreads(String prefix) {
        this.prefix = prefix;
    }

    private static ExecutorService maker() {
        ExecutorService maker = Executors.newSingleThreadExecutor(task -> daemon(task, "hz-maker"));
        // Now, and not when somebody needs it: the thread is that of whoever starts this node.
        maker.execute(() -> {});
        return maker;
    }

    private static Thread daemon(Runnable task, String name) {
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        thread.setContextClassLoader(OwnThreads.class.getClassLoader());
        return thread;
    }

    @Override
    public Thread newThread(Runnable task) {
        return CompletableFuture.supplyAsync(() -> daemon(task, prefix + count.incrementAndGet()), MAKER)
                .join();
    }
}
