package dev.mooring.grid;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.InputStream;
import java.lang.ref.WeakReference;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class OwnThreadsTest {
    private final ThreadPoolExecutor pool =
            (ThreadPoolExecutor) Executors.newCachedThreadPool(new OwnThreads("own-threads-test-"));

    @AfterEach
    void stop() {
        pool.shutdownNow();
    }

    /** What an application does whose call is the first to need a thread. */
    public static final class Call implements BiConsumer<Executor, Runnable> {
        @Override
        public void accept(Executor executor, Runnable task) {
            executor.execute(task);
        }
    }

    /** Has {@link Call} for itself, as a web application has its classes. */
    private static final class Application extends ClassLoader {
        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            if (!name.equals(Call.class.getName())) {
                return super.loadClass(name, resolve);
            }
            try (InputStream file = Objects.requireNonNull(
                    OwnThreadsTest.class.getResourceAsStream("OwnThreadsTest$Call.class"), name)) {
                byte[] bytes = file.readAllBytes();
                return defineClass(name, bytes, 0, bytes.length);
            } catch (IOException failure) {
                throw new ClassNotFoundException(name, failure);
            }
        }
    }

    @Test
    void keepNothingOfTheApplicationThatNeedsThem() throws Exception {
        WeakReference<ClassLoader> application = needsAThread();

        assertThat(pool.getPoolSize()).isEqualTo(1);
        await().untilAsserted(() -> {
            System.gc();
            assertThat(application.get()).isNull();
        });
        assertThat(pool.getPoolSize()).as("threads that are still there").isEqualTo(1);
    }

    private WeakReference<ClassLoader> needsAThread() throws Exception {
        Thread request = Thread.currentThread();
        ClassLoader before = request.getContextClassLoader();
        ClassLoader application = new Application();
        CountDownLatch done = new CountDownLatch(1);
        request.setContextClassLoader(application);
        try {
            @SuppressWarnings("unchecked")
            var call = (BiConsumer<Executor, Runnable>) application
                    .loadClass(Call.class.getName())
                    .getDeclaredConstructor()
                    .newInstance();
            call.accept(pool, done::countDown);
        } finally {
            request.setContextClassLoader(before);
        }
        assertThat(done.await(10, TimeUnit.SECONDS)).isTrue();
        return new WeakReference<>(application);
    }
}
