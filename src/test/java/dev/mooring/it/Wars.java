package dev.mooring.it;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import javax.tools.ToolProvider;

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

    /**
     * Replaces a class of the WAR by what its source gives with some words replaced.
     *
     * @param source the file, which needs nothing but the JDK
     * @param name the class's name
     * @param words what is replaced, each word by the one after it
     */
    static void recompile(Path war, Path source, String name, String... words) {
        try {
            String text = Files.readString(source);
            for (int i = 0; i < words.length; i += 2) {
                if (!text.contains(words[i])) {
                    throw new IllegalArgumentException(source + " does not say " + words[i]);
                }
                text = text.replace(words[i], words[i + 1]);
            }
            Path work = Files.createTempDirectory(war.getParent().getParent(), "recompiled");
            Path changed = Files.writeString(work.resolve(source.getFileName()), text);
            int result = ToolProvider.getSystemJavaCompiler()
                    .run(null, null, null, "--release", "17", "-proc:none", "-d", work.toString(), changed.toString());
            if (result != 0) {
                throw new IllegalArgumentException(changed + " is not compiled: " + result);
            }
            Path classes = Path.of(name.replace('.', '/')).getParent();
            change(war, root -> {
                try (DirectoryStream<Path> compiled = Files.newDirectoryStream(work.resolve(classes), "*.class")) {
                    for (Path type : compiled) {
                        Files.copy(
                                type,
                                root.resolve("WEB-INF/classes")
                                        .resolve(classes.toString())
                                        .resolve(type.getFileName().toString()),
                                StandardCopyOption.REPLACE_EXISTING);
                    }
                }
            });
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
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
