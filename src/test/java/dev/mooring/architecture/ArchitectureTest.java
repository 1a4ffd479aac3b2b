package dev.mooring.architecture;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import org.jspecify.annotations.NullMarked;

/** Who may use whom, and which package is the only one to know a foreign API. */
@AnalyzeClasses(packages = "dev.mooring", importOptions = DoNotIncludeTests.class)
class ArchitectureTest {

    @ArchTest
    static final ArchRule dependenciesGoOneWay = layeredArchitecture()
            .consideringOnlyDependenciesInAnyPackage("dev.mooring..")
            .layer("root")
            .definedBy("dev.mooring")
            .layer("websocket")
            .definedBy("dev.mooring.websocket..")
            .layer("session")
            .definedBy("dev.mooring.session..")
            .layer("grid")
            .definedBy("dev.mooring.grid..")
            .layer("model")
            .definedBy("dev.mooring.model..")
            .whereLayer("root")
            .mayNotBeAccessedByAnyLayer()
            .whereLayer("websocket")
            .mayOnlyBeAccessedByLayers("root")
            .whereLayer("session")
            .mayOnlyBeAccessedByLayers("root", "websocket")
            .whereLayer("grid")
            .mayOnlyBeAccessedByLayers("root", "websocket", "session")
            .ensureAllClassesAreContainedInArchitecture();

    @ArchTest
    static final ArchRule packagesFormNoCycle =
            slices().matching("dev.mooring.(*)..").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule theModelKnowsTheJdkOnly = classes()
            .that()
            .resideInAPackage("dev.mooring.model..")
            .should()
            .onlyDependOnClassesThat(resideInAnyPackage(
                    "dev.mooring.model..",
                    "java..",
                    "org.jspecify.annotations",
                    "com.google.errorprone.annotations.."));

    @ArchTest
    static final ArchRule onlyTheGridKnowsHazelcast = noClasses()
            .that(not(resideInAPackage("dev.mooring.grid..")))
            .should()
            .dependOnClassesThat()
            .resideInAPackage("com.hazelcast..");

    @ArchTest
    static final ArchRule theGridKnowsNoJetty = noClasses()
            .that()
            .resideInAPackage("dev.mooring.grid..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("org.eclipse.jetty..");

    @ArchTest
    static final ArchRule onlyTheSessionImplementsJettysSessionSpi = noClasses()
            .that(not(resideInAPackage("dev.mooring.session..")))
            .should()
            .beAssignableTo(resideInAPackage("org.eclipse.jetty.session.."));

    @ArchTest
    static final ArchRule onlyTheWebSocketKnowsWebSocketCore = noClasses()
            .that(not(resideInAPackage("dev.mooring.websocket..")))
            .should()
            .dependOnClassesThat()
            .resideInAPackage("org.eclipse.jetty.websocket..");

    @ArchTest
    static final ArchRule nothingIsCompiledAgainstAnEnvironment = noClasses()
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "jakarta..",
                    "javax.servlet..",
                    "javax.websocket..",
                    "org.eclipse.jetty.ee",
                    "org.eclipse.jetty.ee..",
                    "org.eclipse.jetty.ee8..",
                    "org.eclipse.jetty.ee9..",
                    "org.eclipse.jetty.ee10..",
                    "org.eclipse.jetty.ee11..");

    @ArchTest
    static final ArchRule everyPackageIsNullMarked = classes().should(beInANullMarkedPackage());

    private static ArchCondition<JavaClass> beInANullMarkedPackage() {
        return new ArchCondition<>("be in a package with @NullMarked") {
            @Override
            public void check(JavaClass type, ConditionEvents events) {
                boolean marked = type.getPackage().isAnnotatedWith(NullMarked.class);
                events.add(new SimpleConditionEvent(
                        type, marked, type.getPackageName() + " of " + type.getName() + " has no @NullMarked"));
            }
        };
    }
}
