package dev.mooring.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.hazelcast.core.Hazelcast;
import java.time.Duration;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;

/**
 * Checks after every test, and again after every class, that each Hazelcast instance and each of our threads that was
 * started meanwhile is gone. What runs before a test, for all tests of its class, may go on after it, and start threads
 * meanwhile.
 */
public final class Clean implements BeforeAllCallback, BeforeEachCallback, AfterEachCallback, AfterAllCallback {

    private static final Duration LIMIT = Duration.ofSeconds(10);
    private static final Namespace NAMESPACE = Namespace.create(Clean.class);

    /** What runs in this JVM. */
    private record Running(Set<String> instances, Set<Thread> threads) {
        static Running now() {
            return new Running(
                    Hazelcast.getAllHazelcastInstances().stream()
                            .map(instance -> instance.getName())
                            .collect(Collectors.toUnmodifiableSet()),
                    Thread.getAllStackTraces().keySet().stream()
                            .filter(thread ->
                                    thread.isAlive() && thread.getName().startsWith("mooring-"))
                            .collect(Collectors.toUnmodifiableSet()));
        }
    }

    @Override
    public void beforeAll(ExtensionContext context) {
        remember(context);
    }

    @Override
    public void beforeEach(ExtensionContext context) {
        remember(context);
    }

    @Override
    public void afterEach(ExtensionContext context) {
        check(context);
    }

    @Override
    public void afterAll(ExtensionContext context) {
        check(context);
    }

    private static void remember(ExtensionContext context) {
        context.getStore(NAMESPACE).put(context.getUniqueId(), Running.now());
    }

    private static void check(ExtensionContext context) {
        Running before = context.getStore(NAMESPACE).get(context.getUniqueId(), Running.class);
        await("nothing is left of " + context.getDisplayName()).atMost(LIMIT).untilAsserted(() -> {
            Running now = Running.now();
            assertThat(before.instances()).as("Hazelcast instances").containsAll(now.instances());
            if (before.instances().isEmpty()) {
                assertThat(before.threads()).as("threads").containsAll(now.threads());
            }
        });
    }
}
