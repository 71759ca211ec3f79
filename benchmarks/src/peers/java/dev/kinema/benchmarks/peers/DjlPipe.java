package dev.kinema.benchmarks.peers;

import dev.kinema.KinemaException;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Talks to a {@link DjlWorker} through its standard streams, in Java's DataOutput form. */
final class DjlPipe implements AutoCloseable {
    private final Process process;
    private final DataOutputStream to;
    private final DataInputStream from;
    private String name = "DJL";

    DjlPipe(Path model, int threads) {
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream().filter(argument -> argument.startsWith("--"))
            .forEach(command::add);
        // it is to neither tell anybody that it runs, nor fetch anything
        command.addAll(List.of("-DOPT_OUT_TRACKING=true", "-Dai.djl.offline=true", "-Dai.djl.pytorch.num_threads=" + threads,
            "-Dai.djl.pytorch.num_interop_threads=1", "-cp", System.getProperty("java.class.path"), DjlWorker.class.getName(),
            model.toString()));
        try {
            process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        } catch (IOException e) {
            throw failed(e);
        }
        to = new DataOutputStream(new BufferedOutputStream(process.getOutputStream()));
        from = new DataInputStream(new BufferedInputStream(process.getInputStream()));
    }

    private KinemaException failed(IOException e) {
        return new KinemaException("DJL's process ended or could not be started (" + e.getMessage()
            + "; what it said is above): leave its jars off the class path to go without it", e);
    }

    /** Sends the inputs, and waits until the model is loaded. */
    void start(List<long[]> shapes, List<float[]> inputs) {
        try {
            to.writeInt(inputs.size());
            for (int i = 0; i < inputs.size(); i++) {
                to.writeInt(shapes.get(i).length);
                for (long dim : shapes.get(i)) {
                    to.writeLong(dim);
                }
                write(to, inputs.get(i));
            }
            to.flush();
            name = "DJL " + from.readUTF();
        } catch (IOException e) {
            close();
            throw failed(e);
        }
    }

    String name() {
        return name;
    }

    /** Seconds of one run. */
    double run() {
        try {
            to.writeByte(DjlWorker.RUN);
            to.flush();
            return from.readDouble();
        } catch (IOException e) {
            throw failed(e);
        }
    }

    /** The output of the last run. */
    float[] result() {
        try {
            to.writeByte(DjlWorker.RESULT);
            to.flush();
            return read(from);
        } catch (IOException e) {
            throw failed(e);
        }
    }

    static void write(DataOutputStream to, float[] values) throws IOException {
        to.writeInt(values.length);
        ByteBuffer bytes = ByteBuffer.allocate(Float.BYTES * values.length);
        bytes.asFloatBuffer().put(values);
        to.write(bytes.array());
    }

    static float[] read(DataInputStream from) throws IOException {
        float[] values = new float[from.readInt()];
        byte[] bytes = new byte[Float.BYTES * values.length];
        from.readFully(bytes);
        ByteBuffer.wrap(bytes).asFloatBuffer().get(values);
        return values;
    }

    /** The other side ends when there is nothing more to read. */
    @Override
    public void close() {
        process.destroy();
    }
}
