package dev.mooring.it;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** Makes variants of a web application before its node starts. */
final class Wars {
    private Wars() {}

    /** What to do with a WAR's content. */
    interface Step {
        /** Does it below {@code root}. */
        void on(Path root) throws IOException;
    }

    /** Replaces text in the WAR's {@code web.xml}. */
    static void describe(Path war, String text, String replacement) {
        change(war, root -> {
            Path descriptor = root.resolve("WEB-INF/web.xml");
            Files.writeString(descriptor, Files.readString(descriptor).replace(text, replacement));
        });
    }

    /** Changes the WAR's content. */
    static void change(Path war, Step step) {
        try {
            Path changed = war.resolveSibling(war.getFileName() + ".tmp");
            Files.copy(war, changed);
            try (FileSystem content = FileSystems.newFileSystem(changed)) {
                step.on(content.getPath("/"));
            }
            Files.move(changed, war, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }
}
