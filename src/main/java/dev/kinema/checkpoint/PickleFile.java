package dev.kinema.checkpoint;

import dev.kinema.KinemaException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Set;

/**
 * A pickle that is no checkpoint, as a tree of Java values; nothing in it is executed. None is null; numbers are Boolean, Long, BigInteger
 * or Double, texts String, lists and tuples List, dictionaries Map and sets Set (in file order), arrays {@link StoredTensor}, objects of
 * classes that the reader asks for {@link PickledObject}; any other class or function is refused. Arrays and long byte strings are read
 * when asked for, while this is open.
 */
public final class PickleFile implements AutoCloseable {
    private final BoundedFile file;
    private final Object root;

    private PickleFile(BoundedFile file, Set<String> dataClasses) {
        this.file = file;
        this.root = PickleReader.read(new PickleInput(file.whole()), dataClasses);
    }

    /**
     * Opens a file and reads its tree.
     *
     * @param dataClasses classes, such as {@code module.Class}, whose objects are kept as data
     * @throws KinemaException if it is missing, damaged, or names any other class or function that is not known to be harmless
     */
    public static PickleFile open(Path path, Set<String> dataClasses) {
        BoundedFile file = BoundedFile.open(path);
        boolean opened = false;
        try {
            PickleFile result = new PickleFile(file, dataClasses);
            opened = true;
            return result;
        } finally {
            if (!opened) {
                file.close();
            }
        }
    }

    /** The object that was pickled. */
    public Object root() {
        return root;
    }

    /**
     * The bytes of a byte string of the tree.
     *
     * @return null where {@code value} is no byte string, or is longer than a Java array
     */
    public byte[] bytes(Object value) {
        if (!(value instanceof Bytes bytes) || bytes.length() > Integer.MAX_VALUE - 16) {
            return null;
        }
        byte[] content = new byte[(int) bytes.length()];
        bytes.copyTo(0, ByteBuffer.wrap(content));
        return content;
    }

    @Override
    public void close() {
        file.close();
    }
}
