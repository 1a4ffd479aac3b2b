package dev.mooring.architecture;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ImportOption.OnlyIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import dev.mooring.nodes.JettyNode;
import dev.mooring.testing.LogCheck;
import java.util.Set;

/** What the tests owe each other. */
@AnalyzeClasses(packages = "dev.mooring", importOptions = OnlyIncludeTests.class)
class TestsTest {

    /** By which an integration test starts nodes, besides {@link JettyNode#launch}. */
    private static final Set<String> STARTS = Set.of("NodeCluster.start", "LiveWar.onNodes", "DriverCluster.start");

    /** Jetty's own session modules name sessions as they like. */
    private static final String STOCK = "StockConvictionIT";

    @ArchTest
    static final ArchRule whoStartsNodesReadsTheirLogs =
            classes().that(startNodes()).should(checkTheLogs());

    private static DescribedPredicate<JavaClass> startNodes() {
        return DescribedPredicate.describe(
                "start nodes",
                type -> type.getName().contains("IT")
                        && !type.getSimpleName().equals(STOCK)
                        && type.getMethodCallsFromSelf().stream()
                                .map(call -> call.getTargetOwner().getSimpleName() + "." + call.getName())
                                .anyMatch(call -> STARTS.contains(call) || call.equals("JettyNode.launch")));
    }

    private static ArchCondition<JavaClass> checkTheLogs() {
        return new ArchCondition<>("check the logs") {
            @Override
            public void check(JavaClass type, ConditionEvents events) {
                boolean checks = type.getMethodCallsFromSelf().stream()
                        .anyMatch(call -> call.getTargetOwner().isEquivalentTo(LogCheck.class)
                                && call.getName().equals("passes"));
                events.add(new SimpleConditionEvent(
                        type, checks, type.getName() + " starts nodes and does not check their logs"));
            }
        };
    }
}
