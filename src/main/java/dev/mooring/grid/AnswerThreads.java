package dev.mooring.grid;

import com.hazelcast.internal.util.ConcurrencyUtil;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The threads on which Hazelcast hands over the answer to each asynchronous call. By itself it takes the JVM's common
 * pool, whose threads may be made by a request and keep its web application's classes, or, where that has but one
 * thread, as on two cores, a new thread for every single answer: these take its place, which are used again. They are
 * the process's, as Hazelcast's own are, and end when they have been idle for a while.
 */
final class AnswerThreads {

    private static final Logger LOG = LoggerFactory.getLogger(AnswerThreads.class);
    private static final long IDLE_SECONDS = 10;

    static {
        try {
            ConcurrencyUtil.setDefaultAsyncExecutor(newPool());
        } catch (LinkageError e) {
            // No part of Hazelcast's API: another version that somebody has put in the place of ours may lack it.
            LOG.debug("Hazelcast takes threads of the JVM's for its answers", e);
        }
    }

    private AnswerThreads() {}

    /**
     * Sees to it that there are some, and that the JVM's own thread for time-outs runs: it lives for ever, and would
     * keep the classes of the web application that is the first to need it. To be called before the first call to
     * Hazelcast.
     */
    static void provide() {
        // This class is initialised by the call, once.
        CompletableFuture<?> unused =
                new CompletableFuture<@Nullable Void>().completeOnTimeout(null, 1, TimeUnit.MILLISECONDS);
    }

    private static ThreadPoolExecutor newPool() {
        return new ThreadPoolExecutor(
                0,
                Integer.MAX_VALUE,
                IDLE_SECONDS,
                TimeUnit.SECONDS,
                new SynchronousQueue<>(),
                new OwnThreads("hz-answer-"));
    }
}
