package dev.mooring.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The strict example of {@code jetty.session.attributeFilter} that the ini files give. */
final class StrictFilter {
    private static final Pattern EXAMPLE =
            Pattern.compile("^#(jetty\\.session\\.attributeFilter)=(\\S+)$", Pattern.MULTILINE);

    private StrictFilter() {}

    /** The example for an application whose own classes are these; both modules give the same. */
    static String of(String classes) {
        Path modules = Path.of(System.getProperty("mooring.basedir"), "modules");
        try {
            String member = exampleIn(modules.resolve("session-hazelcast.mod"));
            assertThat(exampleIn(modules.resolve("session-hazelcast-client.mod")))
                    .isEqualTo(member);
            return member.replace("com.example.myapp.**", classes);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    private static String exampleIn(Path module) throws IOException {
        Matcher example = EXAMPLE.matcher(Files.readString(module));
        assertThat(example.find()).as("a strict example in %s", module).isTrue();
        return example.group(2);
    }
}
