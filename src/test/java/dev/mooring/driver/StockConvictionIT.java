package dev.mooring.driver;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mooring.driver.Report.Finding;
import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The driver can fail: pointed at Jetty's own Hazelcast module it finds what that loses. By HTTP only, and without changes of ids, so that
 * nothing is asked of it that it does not offer.
 */
class StockConvictionIT {
    private static final int WRITES = 1_000;

    @ParameterizedTest
    @EnumSource(names = {"STOCK_NULL_CACHE", "STOCK_HASH_CACHE"})
    void jettysOwnModuleLosesWritesAndAnswersStaleReads(Mode mode) throws Exception {
        try (var cluster = DriverCluster.start(mode)) {
            Report report = Driver.run(cluster, Plan.of(WRITES).withSockets(0).withIdChanges(Duration.ofDays(1)));

            assertThat(report.count(Finding.STALE)).as("stale: %s", report).isPositive();
            assertThat(report.count(Finding.LOST)).as("lost: %s", report).isPositive();
            assertThat(report.count(Finding.UNKNOWN)).as("unknown: %s", report).isLessThan(1 + WRITES / 100);
        }
    }
}
