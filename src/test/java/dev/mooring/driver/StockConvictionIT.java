package dev.mooring.driver;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mooring.driver.Violation.Kind;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The checker can fail: pointed at Jetty's own Hazelcast module it names what that does wrong. By HTTP only, and
 * without changes of ids, so that nothing is asked of it that it does not offer.
 */
class StockConvictionIT {
    private static final int WRITES = 1_000;

    @ParameterizedTest
    @EnumSource(names = {"STOCK_NULL_CACHE", "STOCK_HASH_CACHE"})
    void jettysOwnModuleLosesWritesAnswersStaleReadsAndRaisesTheDead(Mode mode) throws Exception {
        try (var cluster = DriverCluster.start(mode, "stock")) {
            Report report = Driver.run(cluster, Plan.of(WRITES).withoutSocketsAndIdChanges());

            assertThat(report.count(Kind.STALE_READ)).as("stale: %s", report).isPositive();
            assertThat(report.count(Kind.LOST_UPDATE)).as("lost: %s", report).isPositive();
            assertThat(report.count(Kind.RESURRECTION))
                    .as("resurrected: %s", report)
                    .isPositive();
            assertThat(report.answeredInCalm()).as("answered: %s", report).isGreaterThan(0.95);
        }
    }
}
